-- What is being written into an empty platform, and how far it is.
SELECT stage, done, total FROM filling
