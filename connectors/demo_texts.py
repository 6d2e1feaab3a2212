"""What the demo's people sell, say, write and plan (pure data).

In texts {first} and {who} stand for the contact, {company} for theirs, {thing} for what the deal is about.
"""

from __future__ import annotations

# By industry: name of the deal ({n} pieces), product, euros per piece, fewest and most pieces.
OFFERS = {
    "Food wholesale": (
        ("Cold-room monitoring, {n} depots", "Cold-room monitoring", 4200, 3, 24),
        ("Data loggers for {n} delivery vans", "Data loggers", 310, 40, 220),
        ("Loading dock door sensors, {n} gates", "Door sensors", 640, 14, 80),
        ("HACCP records, {n} sites", "Compliance archive", 2100, 4, 26),
        ("Night alarms for the freezer hall", "Fridge and freezer alarms", 520, 12, 60),
        ("Route temperature reports, {n} routes", "Compliance archive", 340, 20, 140),
    ),
    "Dairy": (
        ("Milk tanker telematics, {n} tankers", "Reefer telematics", 780, 12, 90),
        ("Ripening room climate, {n} rooms", "Climate sensors", 2900, 4, 22),
        ("Silo probes, {n} silos", "Tank probes", 1150, 8, 40),
        ("Cold chain from farm gate to creamery", "Cold-room monitoring", 5400, 5, 18),
        ("Starter culture freezers", "Fridge and freezer alarms", 890, 6, 30),
        ("Cheese store humidity, {n} stores", "Climate sensors", 1400, 6, 40),
    ),
    "Pharma wholesale": (
        ("GDP lane validation, {n} lanes", "Temperature mapping", 3600, 4, 30),
        ("Vaccine shippers with live tracking, {n} boxes", "Shipment trackers", 185, 120, 700),
        ("Temperature mapping, {n} warehouses", "Temperature mapping", 9800, 2, 9),
        ("2–8 °C box loggers, {n} pieces", "Data loggers", 95, 300, 1200),
        ("Deviation archive for auditors", "Compliance archive", 3400, 3, 18),
        ("Narcotics vault and cold store alarms", "Fridge and freezer alarms", 2600, 4, 20),
    ),
    "Hospitals and labs": (
        ("Ward fridge alarms, {n} wards", "Fridge and freezer alarms", 1450, 10, 70),
        ("Blood bank monitoring, {n} sites", "Fridge and freezer alarms", 6200, 3, 14),
        ("Ultra-low freezer alarms, {n} units", "Fridge and freezer alarms", 890, 15, 110),
        ("Pharmacy cold storage and on-call alarms", "Cold-room monitoring", 3100, 5, 24),
        ("Lab freezer alarms", "Fridge and freezer alarms", 890, 6, 60),
    ),
    "Road transport": (
        ("Reefer telematics, {n} trailers", "Reefer telematics", 640, 25, 280),
        ("Trailer door and tamper alarms, {n} units", "Door sensors", 380, 40, 260),
        ("Proof of temperature app, {n} drivers", "Compliance archive", 210, 60, 400),
        ("Retrofit of {n} older cooling units", "Reefer telematics", 920, 12, 90),
        ("Trailer washing and pre-cooling records", "Compliance archive", 1600, 5, 30),
        ("Depot gateways", "Gateways", 1450, 5, 40),
    ),
    "Ports and shipping": (
        ("Reefer plug monitoring, {n} plugs", "Gateways", 290, 120, 640),
        ("Container gateways, {n} vessels", "Gateways", 11800, 2, 14),
        ("Yard sensors, east terminal", "Climate sensors", 1900, 8, 40),
        ("Pre-trip inspection records", "Compliance archive", 2600, 4, 20),
        ("Genset fuel and hours, {n} gensets", "Tank probes", 430, 20, 160),
    ),
    "Grocery retail": (
        ("Store refrigeration, {n} shops", "Cold-room monitoring", 2350, 12, 82),
        ("Energy metering, {n} stores", "Energy metering", 1300, 15, 120),
        ("Freezer aisle alarms, {n} pilot stores", "Fridge and freezer alarms", 1700, 6, 30),
        ("Click-and-collect locker cooling, {n} lockers", "Climate sensors", 560, 30, 180),
        ("Deli counter probes, {n} counters", "Tank probes", 240, 60, 420),
        ("Refrigerant leak alerts", "Climate sensors", 760, 20, 150),
    ),
    "Hotels and catering": (
        ("Kitchen HACCP loggers, {n} kitchens", "Data loggers", 980, 8, 60),
        ("Event trailer cooling, {n} trailers", "Reefer telematics", 1250, 6, 40),
        ("Cellar and minibar energy, {n} hotels", "Energy metering", 4800, 3, 16),
        ("Banquet temperature checks", "Compliance archive", 900, 8, 36),
        ("School kitchen deliveries, {n} schools", "Data loggers", 260, 30, 180),
    ),
    "Growers": (
        ("Greenhouse climate, {n} houses", "Climate sensors", 3300, 3, 24),
        ("Controlled-atmosphere stores, {n} cells", "Climate sensors", 2700, 4, 30),
        ("Harvest crate trackers, {n} crates", "Shipment trackers", 38, 300, 2400),
        ("Pre-cooling line", "Cold-room monitoring", 2400, 4, 14),
        ("Seed potato store", "Climate sensors", 1700, 4, 24),
    ),
    "Seafood": (
        ("Hold sensors, {n} boats", "Climate sensors", 2200, 4, 40),
        ("Ice plant monitoring", "Tank probes", 1700, 6, 24),
        ("Air freight trackers, {n} pallets", "Shipment trackers", 140, 90, 600),
        ("Auction hall cold chain, phase 1", "Cold-room monitoring", 4600, 3, 18),
        ("Landing and grading, {n} quays", "Climate sensors", 3600, 2, 16),
    ),
    "Bakery and confectionery": (
        ("Proofing room climate, {n} lines", "Climate sensors", 3100, 3, 22),
        ("Frozen dough delivery, {n} vans", "Reefer telematics", 720, 12, 80),
        ("Blast freezer probes, {n} freezers", "Tank probes", 1050, 8, 48),
        ("Chocolate store humidity", "Climate sensors", 1500, 4, 30),
        ("Cream cake counter alarms, {n} shops", "Fridge and freezer alarms", 480, 14, 90),
    ),
    "Beverages": (
        ("Fermentation probes, {n} tanks", "Tank probes", 1350, 6, 48),
        ("Keg cooler network, {n} pubs", "Gateways", 230, 60, 480),
        ("Barrel cellar climate", "Climate sensors", 1800, 5, 18),
        ("Bottling hall energy metering", "Energy metering", 2900, 4, 20),
        ("Tap and line cleaning records", "Compliance archive", 620, 8, 60),
    ),
}
# For a second deal of the same name.
AGAIN = ("roll-out", "pilot", "phase 2")

# Name, channel, status, started and ends so many days ago (below zero: ahead), budget, cost.
CAMPAIGNS = (
    ("Summer heat mailing", "email", "ended", 520, 480, 6000, 5420),
    ("Kältekette Forum Hamburg", "event", "ended", 395, 393, 28000, 30150),
    ("Audit-ready webinar", "email", "ended", 250, 215, 4500, 3980),
    ("Rendez-vous du Frais, Lyon", "event", "ended", 128, 126, 24000, 22870),
    ("Energy guide", "ads", "running", 75, -20, 15000, 9240),
    ("Cold-store check-up calls", "calls", "running", 40, -50, 3000, 1150),
    ("Spring fleet offer", "social", "draft", -60, -110, 8000, 0),
)
# Where a deal or lead came from, with the channel of the campaigns that bring such, and how many of a hundred.
SOURCES = (
    ("website", "", 26),
    ("outbound", "email", 18),
    ("event", "event", 16),
    ("referral", "", 14),
    ("partner", "", 8),
    ("ads", "ads", 8),
    ("cold_call", "calls", 6),
    ("inbound_call", "", 4),
)
# By hand; a company's industry says which.
SEGMENTS = {
    "Pharma and health": ("Pharma wholesale", "Hospitals and labs"),
    "Fleets": ("Road transport", "Ports and shipping", "Seafood"),
    "Multi-site retail": ("Grocery retail", "Hotels and catering"),
}
FAIRS = "Met at a fair"

# What is said about a deal while it stands in a stage: kind, outcome of a call, text.
TALKS = {
    "New": (
        ("email_in", "", "Hello, we are comparing systems for {thing} and would like a price idea before our budget round. Could somebody call me? Kind regards, {who}"),
        ("email_in", "", "We met at your stand. You promised me the sheet on battery life at minus 25 degrees. {first}"),
        ("email_in", "", "Our auditor wants continuous records instead of two readings a day. What would {thing} look like for {company}?"),
        ("email_out", "", "Hello {first}, thank you for your interest. I have attached the overview of {thing} and two short customer stories. Does Thursday suit you for a call?"),
        ("email_out", "", "Hello {first}, a colleague of yours told me that the paper logs at {company} are to go this year. May I show you in 20 minutes how others did it?"),
        ("call", "no_answer", "Will try again before ten, the switchboard says mornings are better."),
        ("call", "voicemail", "Left word with my direct number."),
        ("call", "gatekeeper", "Reception knows the topic and puts us through to {first} after the morning round."),
        ("call", "callback", "{first} was in a meeting and asked to be called back after lunch."),
        ("note", "", "From the trade press: {company} is building an extension. Worth asking about the date."),
        ("note", "", "Hand-held thermometers and a shared spreadsheet today. Two findings in the last audit, says {first}."),
    ),
    "Contacted": (
        ("call", "connected", "{first} confirmed the need. Pain: alarms at night reach nobody. Decision with the managing director, the budget year starts in January."),
        ("call", "connected", "Talked through {thing}. They have an installer they like; we can work with him."),
        ("call", "connected", "Short call: {first} collects the list of sites and sends it by the end of next week."),
        ("call", "voicemail", "Left a message about the sample kit."),
        ("call", "busy", "Engaged twice, wrote instead."),
        ("email_out", "", "Hello {first}, as promised the comparison of wired and radio sensors. With your walls I would go for the radio version."),
        ("email_out", "", "Hello {first}, the sample kit with two sensors and a gateway left our warehouse today. It needs one power socket and nothing else."),
        ("email_in", "", "Thanks for the call. Please send the data sheet in our language as well, our technicians prefer it. {first}"),
        ("email_in", "", "The kit has arrived and showed values after five minutes. How long do you keep the history? {first}"),
        ("email_in", "", "Could you tell us whether the data stays in the EU? Our IT asks for it in writing. {first}"),
        ("note", "", "{who} reports to the CFO, who wants to see a payback under two years."),
        ("note", "", "Incumbent: loggers that are read out by USB once a month. The contract ends in spring."),
    ),
    "Qualified": (
        ("call", "connected", "Went through budget, timing and who decides. There is a budget line, decision planned for next quarter."),
        ("call", "connected", "IT security questions answered with {first}: own network, outbound only, single sign-on. They will send the form."),
        ("call", "callback", "{first} is at a supplier today, asked for a call on Monday."),
        ("meeting", "", "On site with {first}. Walked all rooms; radio reach is fine with one gateway per floor. They want alarms by phone and text message."),
        ("meeting", "", "Video call with {first} and purchasing: they need three references from the trade. Sent two, the third follows."),
        ("note", "", "Must have: calibration certificates, alarm chain with three levels, export for the auditor. Nice to have: energy data."),
        ("note", "", "We compete with their refrigeration contractor. Ours is dearer to buy and cheaper over five years."),
        ("note", "", "Two months of pilot data show three door-left-open events a week. {first} was surprised and will show it to the board."),
        ("email_out", "", "Hello {first}, here is the summary of what we saw on site and a proposal for the pilot: four weeks, two areas, no obligation."),
        ("email_out", "", "Hello {first}, the filled-in security questionnaire is attached. Section 4 is answered for the EU region."),
        ("email_in", "", "The pilot is approved from our side. Please agree the date with our technician, he is in from Tuesday to Friday. {first}"),
        ("email_in", "", "One question from quality: is the calibration traceable, and who renews it? {first}"),
    ),
    "Meeting scheduled": (
        ("email_out", "", "Hello {first}, I look forward to our meeting. Agenda: your findings from the pilot, roll-out plan, prices per site, questions of IT. 60 minutes should do."),
        ("email_out", "", "Hello {first}, the minutes of our meeting with the open points are attached. Three of four are ours, you will have the answers on Friday."),
        ("email_in", "", "The date suits us. Our head of finance joins for the last half hour, please bring the payback calculation. {first}"),
        ("email_in", "", "We have to postpone by a few days, two of us are ill. Same place, same time next week? {first}"),
        ("meeting", "", "Demo for five people. Alarm chain and audit report went down well; they asked twice about offline buffering. Next: proposal with two variants."),
        ("meeting", "", "Workshop at {company}: agreed on three phases, the first one in the quarter after the order."),
        ("note", "", "{first} will defend the project inside. The technical lead is sceptical about radio, gave him the measurement report."),
        ("note", "", "Payback sheet is ready: 19 months with spoilage at last year's level, 26 without."),
        ("call", "connected", "Confirmed participants with {first}: quality, technics, purchasing. The managing director comes if we start before ten."),
        ("call", "meeting_booked", "Moved the appointment by a week, now with the site manager too."),
        ("call", "connected", "Asked {first} how the demo was received: clearly ahead of the second supplier, price is the topic now."),
    ),
    "Proposal": (
        ("email_out", "", "Hello {first}, please find our proposal for {thing} attached, valid for six weeks. Page 3 has the prices, page 5 the service levels."),
        ("email_out", "", "Hello {first}, the revised proposal with the staged start is attached. Prices per unit are unchanged, the service starts with the second stage."),
        ("email_in", "", "Thank you for the proposal. Before it goes to the board: can you hold the price for a start in two steps? {first}"),
        ("email_in", "", "Our legal department has comments on liability and data processing, see the marked-up copy. Otherwise we are fine. {first}"),
        ("email_in", "", "The board meeting has moved to the week after next, I will come back to you then. {first}"),
        ("call", "connected", "Price talk: they expect 8 percent off. Offered 4 percent and a second year of calibration instead."),
        ("call", "connected", "{first} says that quality and technics have signed, only finance is missing."),
        ("call", "voicemail", "Asked whether the board has met."),
        ("call", "no_answer", "Second try today, will write."),
        ("meeting", "", "Negotiation with {first} and the CFO. Payment in three parts, roll-out starts four weeks after the order."),
        ("note", "", "Up to 6 percent off is agreed inside, for a three-year service contract."),
        ("note", "", "Purchasing has asked a second supplier for form's sake. {first} expects the decision in the next board meeting."),
    ),
}  # fmt: skip
# Before a deal: what is said about a lead when it becomes so.
LEAD_TALKS = {
    "attempted": (
        ("call", "no_answer", "Rang out twice."),
        ("call", "voicemail", "Left my number and the reason for the call."),
        ("call", "gatekeeper", "Put off to next week by the front desk; asked for a mail first."),
        ("email_out", "", "Hello {first}, you asked for our guide to temperature records. It is attached; chapter 2 is written for companies like {company}."),
        ("email_out", "", "Hello {first}, how does {company} notice today that a cold room fails at night? We have an answer that takes an afternoon to install."),
    ),
    "connected": (
        ("call", "connected", "Good talk. {first} looks after three sites and knows the number of spoiled batches."),
        ("call", "connected", "Interested in principle, has to hear what the technicians say."),
        ("email_in", "", "Thank you, that is indeed a topic here. What does a first step cost? {first}"),
        ("email_in", "", "Please send me a short overview that I can pass on to my manager. Regards, {who}"),
    ),
    "nurture": (
        ("note", "", "Not this year: the move of the warehouse comes first. Stay in touch by newsletter."),
        ("note", "", "Contract with the present supplier runs for another year. {first} is open to a comparison then."),
        ("call", "connected", "No budget before the new financial year, glad to hear from us then."),
    ),
    "qualified": (
        ("call", "connected", "Need, budget and date are clear: wants an offer for two sites first."),
        ("note", "", "{first} decides together with the CFO. Audit in four months, so there is a date that holds."),
        ("meeting", "", "Video call with {first} and a technician. Showed the alarm chain; they want to see it live."),
    ),
    "unqualified": (
        ("call", "not_interested", "Thanked us politely. Nothing to be done here."),
        ("note", "", "Checked the company: it rents its cold rooms, the landlord is responsible."),
    ),
    "do_not_contact": (("email_in", "", "Please take me off your list and do not write again. {first}"),),
}  # fmt: skip
UNQUALIFIED = ("No need", "No budget", "No authority", "Wrong timing", "Outside ICP", "Bad data")

# Reason, note and competitor.
WINS = (
    ("Product fit", "Signed for three years, roll-out begins next month."),
    ("Product fit", "The audit report decided it."),
    ("Relationship or referral", "A good word from another customer in the trade helped."),
    ("Price", "Cheapest over five years, service included."),
    ("Speed", "We could deliver before their season, the others could not."),
    ("Expansion", "First sites run well, now the others follow."),
    ("Product fit", ""),
)
LOSSES = (
    ("Price too high", "Twelve percent above the second bidder, no room left on our side.", ""),
    ("Lost to competitor", "They took the package of their refrigeration contractor.", "Thermavoss"),
    ("Lost to competitor", "Liked our alarms better, but the other one talks to their till system.", "Isbryn Systems"),
    ("No budget", "Investment stop until the end of the year; would like to hear from us then.", ""),
    ("Bad timing", "The move to the new building comes first. Talk again next autumn.", ""),
    ("No decision", "Parked after the third postponement.", ""),
    ("Missing feature", "Needs sensors for explosive areas, which we do not make.", ""),
    ("Unresponsive", "Five attempts in six weeks without an answer.", ""),
    ("Went in-house", "Their automation team builds on the controllers they have.", ""),
    ("Poor fit", "Only two rooms; our smallest package is too big for them.", ""),
    ("Not the decision maker", "Headquarters buys centrally, no mandate on site.", ""),
)
REOPENED = "The project is back: new site manager, same need."

# What was done in a stage, and what comes next in it: title and type.
CHORES = {
    "Contacted": ("Follow up", "call"),
    "Qualified": ("Schedule discovery call", "call"),
    "Meeting scheduled": ("Prepare meeting", "todo"),
    "Proposal": ("Send proposal", "email"),
    "Won": ("Hand over to customer success", "todo"),
    "Lost": ("Ask for feedback", "email"),
}
NEXT = {
    "New": (("Call {first}", "call"), ("Email {first}", "email"), ("Send overview", "email"), ("First call", "call")),
    "Contacted": (("Call {first}", "call"), ("Sample kit", "todo"), ("Get site list", "email")),
    "Qualified": (("Site visit", "meeting"), ("Pilot report", "email"), ("Discovery", "call"), ("Security form", "todo")),
    "Meeting scheduled": (("Demo", "meeting"), ("Send agenda", "email"), ("Prepare demo", "todo"), ("Workshop", "meeting")),
    "Proposal": (("Send quote", "email"), ("Price call", "call"), ("Contract talk", "meeting"), ("Call {first}", "call")),
}  # fmt: skip
LEAD_NEXT = (("Call {first}", "call"), ("Second try", "call"), ("Send guide", "email"), ("Ask about budget", "call"))
NEXT_STEPS = {
    "New": ("Find out who decides", "Get the list of sites"),
    "Contacted": ("Agree on a pilot", "Sample kit, then a call with quality"),
    "Qualified": ("Pilot in two areas for four weeks", "Meet the CFO before the budget round"),
    "Meeting scheduled": ("Demo with the whole team", "Payback sheet for finance"),
    "Proposal": ("Answer legal's comments on liability", "Board decision", "Staged start in the revised quote"),
}
# Of the owner's own: company by industry, title, type, due in days.
HOUSEKEEPING = (
    ("Grocery retail", "Yearly review with the board", "meeting", 8),
    ("Road transport", "Renew the framework agreement", "todo", 0),
    ("Pharma wholesale", "Invite to the next webinar", "email", 2),
    ("Hospitals and labs", "Reference visit: ask for a date", "call", -1),
)
