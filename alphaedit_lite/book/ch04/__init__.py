"""Chapter 4: A matrix as a dictionary"""
