"""What `sodate playbook init` writes."""
