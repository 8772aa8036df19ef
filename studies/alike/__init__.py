"""What is alike: do places cluster without labels, and are elements found in other species?"""
