"""The language of the business: touchpoints, their envelope, money, days and policies. Pure."""
