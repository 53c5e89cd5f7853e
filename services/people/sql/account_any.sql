-- Whether anybody has ever chosen a password, or come from the company's provider.
SELECT EXISTS (SELECT FROM staff_accounts WHERE password_hash IS NOT NULL)
    OR EXISTS (SELECT FROM people_journal WHERE act = 'logged_in' AND about = 'company');
