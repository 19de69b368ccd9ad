"""How fast fieldgrad is, as ratios to a copy of the same bytes and to what others need for the same job."""
