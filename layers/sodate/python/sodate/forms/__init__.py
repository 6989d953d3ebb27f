"""Form posts: definition, validation, robots and ceilings, capture, opt-in requests."""
