"""The items that say why a lead is handed to sales."""
