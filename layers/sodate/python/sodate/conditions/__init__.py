"""The condition language of playbooks: parsing, evaluation, words for people."""
