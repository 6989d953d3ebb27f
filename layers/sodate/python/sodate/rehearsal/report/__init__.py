"""What a rehearsal shows: one JSON document, and the text, the HTML page and the difference that are made from it."""
