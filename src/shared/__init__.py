"""What both homes and both packages share: ports, domain models, errors, configuration, encryption."""
