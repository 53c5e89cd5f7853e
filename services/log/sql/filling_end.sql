-- Nothing is being filled any more.
DELETE FROM filling
