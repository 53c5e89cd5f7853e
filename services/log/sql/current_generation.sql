SELECT max(generation) FROM generations
