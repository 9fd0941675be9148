"""What a caller asks for, checked against the catalog before anything is sent."""
