"""MJML or HTML with Liquid → a finished template."""
