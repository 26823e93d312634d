"""How `dynamoctl doctor` looks: at all at once, each look with a deadline; nothing is written but access reviews."""
