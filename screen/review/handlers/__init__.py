"""What the workbench answers, route by route."""
