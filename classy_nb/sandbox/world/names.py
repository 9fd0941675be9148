"""Words that invented people, places and gifts are made of."""

from __future__ import annotations

FIRST = """Ada Alma Amara Ana Aoife Asha Ben Bianca Carlos Chen Chloe Cora Dana David Diego Ebele Elena Eli
Emma Esther Ezra Fatima Felix Finn Gabriel Grace Hana Hassan Hugo Ibrahim Ines Iris Ivan Jack Jada
James Jin José Julia Kai Kira Lars Laila Leo Lin Lucía Luis Mae Marco Maria Maya Mei Mila Nadia
Naomi Nia Noah Nora Olga Omar Otis Paolo Petra Quinn Rafael Rania Renée Rosa Ruth Sam Sana Sofia
Soren Tara Theo Uma Vera Viktor Wei Willa Xavier Yara Yusuf Zara Zoë""".split()  # noqa: SIM905 - a hundred quotes less

LAST = """Abara Acosta Adler Ahmed Almeida Anders Baker Banks Barros Becker Bell Berg Bianchi Blake Brandt
Brooks Castillo Chang Cho Clarke Costa Cruz Dalal Danso Delgado Diaz Dubois Egan Ellis Ferrari
Fischer Flores Foster Fujita Garcia Gold Gomez Grant Green Gupta Haas Hale Hansen Hayes Hoang Hughes
Ibarra Ito Jansen Jones Kaplan Kaur Keane Kim Klein Kofi Kowalski Kumar Lam Larsen Le Lopez Lund
Malik Marsh Mbeki Mendez Meyer Mills Mora Moreau Moss Nair Nakamura Nasser Ng Novak Nowak O'Brien
O'Dell Okafor Olsen Ortiz Osei Park Patel Pereira Popov Price Quist Ramos Reed Reyes Rossi Roy Ruiz
Sato Schmidt Shah Silva Singh Soto Stein Stone Suzuki Tanaka Torres Tran Underhill Vance Varga Vega
Wagner Walsh Wang Weber West Wolfe Wong Yamada Young Zhang Ziegler""".split()  # noqa: SIM905 - a hundred quotes less

PLACES = (
    ("San Diego", "CA", "US", "92101", 14),
    ("Los Angeles", "CA", "US", "90012", 12),
    ("San Francisco", "CA", "US", "94103", 9),
    ("Boston", "MA", "US", "02139", 7),
    ("Newark", "NJ", "US", "07102", 5),
    ("New York", "NY", "US", "10027", 10),
    ("Hartford", "CT", "US", "06103", 3),
    ("Burlington", "VT", "US", "05401", 2),
    ("San Juan", "PR", "US", "00901", 1),
    ("Chicago", "IL", "US", "60614", 8),
    ("Austin", "TX", "US", "78701", 6),
    ("Denver", "CO", "US", "80203", 5),
    ("Seattle", "WA", "US", "98109", 6),
    ("Portland", "OR", "US", "97205", 4),
    ("Winston-Salem", "NC", "US", "27101", 2),
    ("St. Paul", "MN", "US", "55102", 3),
    ("Phoenix", "AZ", "US", "85004", 4),
    ("Honolulu", "HI", "US", "96813", 2),
    ("Toronto", "ON", "CA", "M5V 2T6", 4),
    ("Montréal", "QC", "CA", "H2X 1Y4", 2),
    ("London", None, "GB", "SW1A 1AA", 2),
    ("Köln", None, "DE", "50667", 1),
    ("Tokyo", None, "JP", "100-0001", 1),
)
"""City, state, country, postal code, and how many of a hundred people or so live there."""

STREETS = (
    "Harbor Dr",
    "Maple St",
    "2nd Ave, Apt #4",
    "Elm St",
    "Invented Blvd",
    "Rue de l'Exemple",
    "Hill Rd",
)

COMMENTS = (
    "Thank you for all you do!",
    "In memory of my mother, who loved the sea.",
    "Keep going 💚🐳",
    'She said "every dollar counts", so here are 50.',
    "Line one\nline two\nline three",
    "=1+1",
    "-5 degrees and swimming!",
    "@team you rock",
    "+1 for the otters",
    '=HYPERLINK("http://example.org","click")',
    "Para los niños, con cariño",
    "\tfor the kids",
    "100% agree; great work",
    "素晴らしい活動です",
    "O'Brien family gift",
    "no comment",
    "C:\\gifts\\2023",
    "<b>Go team!</b>",
    "Ünïcödé, please",
    "Happy birthday, Zoë! 🎂",
)

COMPANIES = (
    "Example & Sons, Inc.",
    "Standin Labs",
    "=Equal Works",
    'Harbor Bakery "The Roll"',
    "007 Ventures",
    "Café Été",
)
HONOREES = ("Grandma Rose Keane", "Captain Otis Quist", "José Lopez", "Mae O'Dell, RN", "Our dog Biscuit")

CAUSES = (
    "Clean Coast",
    "Safe Harbor",
    "Bright Kids",
    "Otter Rescue",
    "Night Shelter",
    "Ocean School",
    "Reef Repair",
    "Warm Meals",
    "Open Library",
    "River Watch",
    "Tide Pool",
    "Lighthouse",
    "Kelp Forest",
    "Second Chance",
    "Blue Mile",
    "Storm Relief",
)
