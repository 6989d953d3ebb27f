"""`make demo`: the whole story on real HTTP posts, told as one table, and checked."""
