"""Companies: by the domain of their leads' addresses or by an id in another system, with attributes and members."""
