"""The pages of docs/walkthroughs, followed literally: `make walkthroughs`."""
