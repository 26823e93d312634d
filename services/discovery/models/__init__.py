"""Through which Service the pods of a model are reached: pure."""
