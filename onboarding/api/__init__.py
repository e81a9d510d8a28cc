"""The self-service API of applications, the line, invitations, access and keys: the pages' rules, calls and words."""
