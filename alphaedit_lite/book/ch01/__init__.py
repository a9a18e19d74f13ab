"""Chapter 1: What is a fact?"""
