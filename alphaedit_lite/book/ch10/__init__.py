"""Chapter 10: Hundreds of edits"""
