"""Findings over HTTP; needs the extra ``[serve]`` and is imported by the command line alone."""
