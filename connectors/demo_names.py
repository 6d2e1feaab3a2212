"""Who is in the demo: invented companies and people of many countries (pure data).

All addresses end in .example (RFC 2606), and no telephone number can be anybody's: the regulators of Germany, France,
Ireland, Sweden and the United Kingdom keep ranges for fiction; elsewhere it is one that the numbering plan does not give out.
"""

from __future__ import annotations

from typing import NamedTuple

from connectors.demo_rows import Member

NAME = "Eisvogel Telemetry"
SLUG = "demo"
CURRENCY = "EUR"
TIME_ZONE = "Europe/Berlin"

NORTH, SOUTH = "DACH & North", "West & South"
MEMBERS = (
    Member("alice", "Alice Moreau", "owner", "", logs_in=True),
    Member("bob", "Bob Lindner", "rep", NORTH, logs_in=True),
    Member("vera", "Vera Novak", "viewer", "", logs_in=True),
    Member("jonas", "Jonas Reinholt", "manager", NORTH),
    Member("freya", "Freya Halvorsen", "rep", NORTH),
    Member("ines", "Ines Carvalho", "manager", SOUTH),
    Member("marek", "Marek Dvorsky", "rep", SOUTH),
)
# Who looks after the companies of a team's countries, and in what shares.
ACCOUNTS = {
    NORTH: {"bob": 3, "freya": 3, "jonas": 2, "alice": 1},
    SOUTH: {"marek": 3, "ines": 3, "alice": 2, "bob": 1},
}


class Country(NamedTuple):
    name: str
    team: str
    time_zone: str
    phone: str  # with room for a counter


COUNTRIES = {
    "DE": Country("Germany", NORTH, "Europe/Berlin", "+493023125{:03}"),
    "AT": Country("Austria", NORTH, "Europe/Vienna", "+43100550{:03}"),
    "CH": Country("Switzerland", NORTH, "Europe/Zurich", "+41115550{:03}"),
    "SE": Country("Sweden", NORTH, "Europe/Stockholm", "+468465004{:02}"),
    "NO": Country("Norway", NORTH, "Europe/Oslo", "+4710550{:03}"),
    "DK": Country("Denmark", NORTH, "Europe/Copenhagen", "+4510550{:03}"),
    "FI": Country("Finland", NORTH, "Europe/Helsinki", "+35879555{:03}"),
    "IS": Country("Iceland", NORTH, "Atlantic/Reykjavik", "+3541555{:03}"),
    "PL": Country("Poland", NORTH, "Europe/Warsaw", "+48111555{:03}"),
    "CZ": Country("Czechia", NORTH, "Europe/Prague", "+420111555{:03}"),
    "NL": Country("Netherlands", SOUTH, "Europe/Amsterdam", "+31995550{:03}"),
    "BE": Country("Belgium", SOUTH, "Europe/Brussels", "+32995550{:03}"),
    "FR": Country("France", SOUTH, "Europe/Paris", "+33199005{:03}"),
    "GB": Country("United Kingdom", SOUTH, "Europe/London", "+442079460{:03}"),
    "IE": Country("Ireland", SOUTH, "Europe/Dublin", "+353209150{:03}"),
    "ES": Country("Spain", SOUTH, "Europe/Madrid", "+34555010{:03}"),
    "PT": Country("Portugal", SOUTH, "Europe/Lisbon", "+351555010{:03}"),
    "IT": Country("Italy", SOUTH, "Europe/Rome", "+39155501{:03}"),
    "HU": Country("Hungary", SOUTH, "Europe/Budapest", "+36100550{:03}"),
    "SI": Country("Slovenia", SOUTH, "Europe/Ljubljana", "+38699555{:03}"),
    "HR": Country("Croatia", SOUTH, "Europe/Zagreb", "+385100550{:03}"),
}

# By industry: name, country, employees.
COMPANIES = {
    "Food wholesale": (
        ("Brennickel Frischehandel", "DE", 640),
        ("Versgroothandel Terhoeven", "NL", 310),
        ("Lunacre Foodservice", "GB", 1200),
        ("Grossista Vallombra", "IT", 180),
        ("Maison Tourbarel", "FR", 420),
    ),
    "Dairy": (
        ("Molkerei Oberwiesing", "DE", 380),
        ("Egevang Mejeri", "DK", 260),
        ("Laiterie du Valclair", "FR", 520),
        ("Mlekarna Zelenvrh", "SI", 140),
        ("Glenmarrow Creamery", "IE", 210),
    ),
    "Pharma wholesale": (
        ("Medavira Pharmahandel", "AT", 450),
        ("Kestrelmoor Pharma Logistics", "GB", 330),
        ("Farmacéutica Lunasol", "ES", 270),
        ("Lekomar Dystrybucja", "PL", 540),
        ("Nordapot Distribution", "SE", 190),
    ),
    "Hospitals and labs": (
        ("Klinikverbund Sankt Aldegund", "DE", 3400),
        ("Ziekenhuis De Lindegaard", "BE", 2100),
        ("Laboratoires Méricourt-Blanc", "FR", 160),
        ("Ospedale Santa Veridia", "IT", 1750),
        ("Helvion Biobank", "CH", 85),
    ),
    "Road transport": (
        ("Spedition Rottmeier & Tiede", "DE", 720),
        ("Hallbergs Kyltransport", "SE", 460),
        ("Transportes Río Alcedo", "ES", 390),
        ("Koelexpres Waterhuizen", "NL", 240),
        ("Trans-Karpat Chłodnie", "PL", 880),
    ),
    "Ports and shipping": (
        ("Reederei Lüttjohann", "DE", 610),
        ("Quaywarden Terminals", "GB", 940),
        ("Portofrio Leixal", "PT", 280),
        ("Skagenfjord Reefer Lines", "NO", 350),
        ("Adriareef Terminal", "HR", 230),
    ),
    "Grocery retail": (
        ("Grünwinkel Märkte", "DE", 5200),
        ("Supermercados Vegalinda", "ES", 3800),
        ("Larkspur & Finch Grocers", "GB", 2600),
        ("Sady i Spiżarnia", "PL", 1400),
        ("Närköp Lanthandel", "SE", 900),
    ),
    "Hotels and catering": (
        ("Hotelgruppe Seeblickhof", "AT", 780),
        ("Silverlarder Event Catering", "GB", 140),
        ("Tavolarossa Ristorazione", "IT", 420),
        ("Cuisine Centrale Aubrelle", "FR", 230),
        ("Casa Mirador Hotéis", "PT", 510),
    ),
    "Growers": (
        ("Hofgut Sommerlinde", "DE", 95),
        ("Polderkas Growers", "NL", 130),
        ("Vivaio Collechiaro", "IT", 60),
        ("Agrícola Huertanova", "ES", 340),
        ("Tisza Gyümölcs", "HU", 210),
    ),
    "Seafood": (
        ("Havbris Sjømat", "NO", 280),
        ("Peixes da Ria Longa", "PT", 150),
        ("Stornabay Seafoods", "GB", 190),
        ("Marée Kervellec", "FR", 110),
        ("Hvítanes Seafood", "IS", 175),
    ),
    "Bakery and confectionery": (
        ("Großbäckerei Kornhagel", "DE", 680),
        ("Chocolaterie Wittebroeck", "BE", 240),
        ("Pasticceria Dolcemonte", "IT", 90),
        ("Pekařství U Tří Klasů", "CZ", 160),
        ("Leipomo Kuusamäki", "FI", 130),
    ),
    "Beverages": (
        ("Privatbrauerei Adlerquell", "DE", 120),
        ("Brasserie du Merle Gris", "BE", 75),
        ("Pivovar Havranov", "CZ", 210),
        ("Cantina Rocca Serena", "IT", 85),
        ("Ballycorrin Brewing", "IE", 140),
    ),
}

# Dealt out in turn to the companies of each country, the largest first.
PEOPLE = {
    "DE": "Sabine Oltmanns, Torsten Grabowski, Heike Lindemann-Voigt, Matthias Kranzler, Petra Wieseler, Jörg Altenkamp, "
    "Annika Thomsen, Cem Aydemir, Ulrike Hasselbach, Stefan Prigge, Marlene Dörfler, Ralf Behnken, Nadine Schürholz, "
    "Holger Tiedemann, Claudia Rauhut, Felix Ammersbach, Ingrid Sollner, Dirk Mantel, Yasemin Kurtoğlu, "
    "Bernd Hollenberg, Kathrin Eversmann, Lukas Reichwein, Silke Jansohn, Axel Dornbusch",
    "AT": "Johanna Steinbichler, Georg Auinger-Pohl, Theresa Lackinger, Markus Zehentbauer, Eva Rohrmoser",
    "CH": "Reto Inderbitz, Livia Roulin",
    "SE": "Elin Sandqvist, Gustav Åkerholm, Malin Thunborg, Oskar Lindvede, Karin Ståhlgren, Amir Rostamian, "
    "Johan Björkestad, Linnea Frisell",
    "NO": "Ingrid Haugsvær, Eirik Solbrekke, Silje Tveitnes, Torbjørn Kvalvåg, Marit Skogheim",
    "DK": "Mette Kragelund, Rasmus Tofteby, Pernille Hvidbjerg",
    "FI": "Aino Rautakoski, Mikko Haapsaari",
    "IS": "Sigrún Arnardóttir, Helgi Þorvaldsson, Katrín Ólafsdóttir",
    "PL": "Katarzyna Wilczek, Paweł Gruszczyński, Agnieszka Domaradzka, Tomasz Biernat, Magdalena Rogowiecka, "
    "Krzysztof Sobolak, Joanna Jeziorna, Michał Kaczorek",
    "CZ": "Tereza Hrubínová, Jakub Svatoň, Lenka Ptáčníková, Ondřej Malovec, Petr Zahradil",
    "NL": "Marieke Terpstra, Joost Hagedoorn, Sanne Kuipershoek, Bram Oosterling, Fleur de Wolff, Ruben Nijkerk, Noor Bouazza",
    "BE": "Pieter Vandersmissen, Charlotte Lemaigre, Wouter Claesen, Hilde Goossaert, Olivier Dumonceau, Amina Berrada, "
    "Geert Stevaert",
    "FR": "Camille Rousselot, Antoine Bréchard, Hélène Marchandeau, Karim Benslama, Sophie Guillemard, Julien Tardivel, "
    "Margaux Lestienne, Thierry Coubert, Nathalie Fontrobert, Mathieu Kerdoncuff, Aurélie Pasquiers, Benoît Lachaume, Inès Delorval",
    "GB": "Harriet Ashdowne, Callum Whitlaw, Priya Raghunath, Oliver Stanbridge, Fiona Macrennie, Gareth Penhallow, "
    "Naomi Okafor-Reed, Simon Thackwell, Bethan Prosser-Lane, Imran Chaudhrey, Louise Hartnoll, Duncan Strachey, "
    "Rachel Inglewood, Tom Bexley, Zara Whitcombe, Graham Oldershaw",
    "IE": "Aoife Kinnerty, Declan Tuohy, Niamh Garrigan, Eoin Scanlon",
    "ES": "Lucía Berenguel, Javier Montesdeoca, Carmen Olivarez, Andrés Cifuentes, Marta Echevarri, Pablo Solórzano, "
    "Elena Vidalba, Ignacio Ferrándiz, Nuria Castellví, Álvaro Quintanilla",
    "PT": "Beatriz Salgueiro, Tiago Meireles, Filipa Azenha, Rui Carrilho, Mariana Toscano, Nuno Falcato, Joana Pimentel",
    "IT": "Giulia Marchesan, Lorenzo Bertacchi, Francesca Dellanoce, Matteo Pagliarin, Chiara Santoriello, Davide Fumagallo, "
    "Elisa Trevisiol, Roberto Cavalleri, Silvia Montaresi, Andrea Piccinato, Valentina Gorlati, Stefano Brugnera, "
    "Laura Zampetti, Nicola Ferrigno, Martina Olivotto",
    "HU": "Zsófia Kerekes, Balázs Tarjányi",
    "SI": "Nika Zorman, Matjaž Hribernik",
    "HR": "Ivana Marasović, Luka Perković",
}

# Job titles with the part that their bearer plays in a deal: everywhere, and in some industries besides.
TITLES = (
    ("Managing Director", "decision_maker"),
    ("Operations Director", "decision_maker"),
    ("Head of Quality", "champion"),
    ("Quality Manager", "evaluator"),
    ("CFO", "economic_buyer"),
    ("Purchasing Manager", "procurement"),
    ("IT Manager", "technical"),
    ("Maintenance Manager", "technical"),
    ("Supply Chain Manager", "influencer"),
)
TITLES_OF = {
    "Pharma wholesale": (("Responsible Person GDP", "champion"), ("Head of Validation", "evaluator")),
    "Hospitals and labs": (
        ("Head of Pharmacy", "champion"),
        ("Biomedical Engineer", "technical"),
        ("Laboratory Manager", "evaluator"),
    ),
    "Road transport": (("Fleet Manager", "champion"), ("Dispatch Manager", "evaluator")),
    "Ports and shipping": (("Terminal Manager", "decision_maker"), ("Reefer Superintendent", "champion")),
    "Grocery retail": (("Head of Store Technology", "champion"), ("Energy Manager", "evaluator")),
    "Hotels and catering": (("Executive Chef", "champion"), ("Facility Manager", "evaluator")),
    "Growers": (("Farm Manager", "decision_maker"), ("Storage Manager", "evaluator")),
    "Beverages": (("Head Brewer", "champion"), ("Cellar Master", "evaluator")),
}

# Who does not buy in euros, and what theirs are worth from so many days ago on.
CURRENCIES = {"Switzerland": "CHF", "United Kingdom": "GBP"}
RATES = (("CHF", 720, "1.0312"), ("CHF", 90, "1.0684"), ("GBP", 720, "1.1673"), ("GBP", 35, "1.1405"))
