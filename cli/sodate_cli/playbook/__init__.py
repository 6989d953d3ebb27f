"""`sodate playbook …`: arguments in, problems, plans and results out."""
