"""What clients ask before they ask for objects: versions, health, served resources, schemas."""
