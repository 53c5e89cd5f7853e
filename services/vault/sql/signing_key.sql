-- $1 purpose: the key with which the platform signs.
SELECT origin, public_key, sealed FROM signing_keys WHERE purpose = $1
