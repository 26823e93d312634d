"""dynamoctl: the command line of the platform; it asks the same ports that the services use."""
