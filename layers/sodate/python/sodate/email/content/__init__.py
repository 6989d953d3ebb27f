"""Templates, merge fields, rendering."""
