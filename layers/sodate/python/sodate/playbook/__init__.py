"""Published versions of playbook files, and reading them."""
