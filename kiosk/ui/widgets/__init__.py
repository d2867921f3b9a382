"""What screens are made of. Each draws what it is given and knows nothing of visits."""
