"""Chapter 7: The space nobody uses"""
