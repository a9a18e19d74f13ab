"""Chapter 13: One line of code"""
