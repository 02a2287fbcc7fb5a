"""The same work as a competent user of other libraries does it; imported only when it is run."""
