"""What `dynamoctl doctor` concludes from what it saw: pure, one module for each topic."""
