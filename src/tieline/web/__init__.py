"""The HTML door: the pages agents and softphones open."""
