"""What conditions may ask about the behaviour of one lead, kept incrementally; and the evaluation of one lead."""
