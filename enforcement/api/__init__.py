"""The self-service API of appeals and reports: the pages' rules, calls and words."""
