"""A published study rerun: its rows trained, measured on one test part, its claims judged."""
