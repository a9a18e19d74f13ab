"""Chapter 5: Writing one fact"""
