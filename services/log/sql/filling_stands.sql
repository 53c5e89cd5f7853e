-- Whether the platform is being filled, or was when somebody was stopped in the midst of it.
SELECT EXISTS (SELECT 1 FROM filling)
