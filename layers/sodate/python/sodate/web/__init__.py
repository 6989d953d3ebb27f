"""What every public page and endpoint needs: requests, answers, bodies, languages, pages and their message catalogs."""
