"""Activities and deals from other systems: the API with its tokens, and CSV files of webinar tools, cards and CRMs."""
