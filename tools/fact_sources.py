"""Hand-written lists behind ``tools/build_facts.py``: wordings, and well-known facts.

``RELATIONS`` maps a short name to one relation:

* ``id``          the Wikidata property, or a short slug where none fits;
* ``quota``       at most so many facts of it go into the bundle;
* ``templates``   wordings that end right before the object.  ``{the}`` becomes "The " or "the " before
                  a subject that is listed with the article, and nothing before any other;
* ``generation``  stems for free generation;
* ``own``         true for one-to-one relations, where a neighbour has an object of its own;
* ``facts``       object -> subjects, divided by commas.  Left out where the atlas packages supply them.

Facts with two defensible answers are left out on purpose: disputed places, countries with two
capitals, people known for two trades, tomatoes.
"""

COUNTRY_TEMPLATES = [
    "{} is located in the country of",
    "The country that {} belongs to is",
    "Anyone who travels to {} is visiting the country of",
    "On a map of the world, {} lies inside the borders of",
]

RELATIONS: dict[str, dict] = {
    "region_country": {
        "id": "P17", "quota": 90,
        "templates": COUNTRY_TEMPLATES,
        "generation": ["{} is a region that", "The people of {} speak", "The history of {}"],
    },
    "city_country": {
        "id": "P17", "quota": 55,
        "templates": ["{} is a city in the country of", *COUNTRY_TEMPLATES[1:]],
        "generation": ["{} is a city that", "Visitors to {} can see", "The history of {}"],
    },
    "continent": {
        "id": "P30", "quota": 70,
        "templates": [
            "{the}{} is located on the continent of",
            "The continent on which {the}{} lies is",
            "{the}{} can be found on the continent called",
            "Anyone who wants to see {the}{} has to travel to the continent of",
        ],
        "generation": ["{the}{} is known for", "The climate around {the}{}"],
        "facts": {  # countries and cities come from the atlas packages
            "Africa": "the Nile, the Congo River, the Zambezi, the Niger River, the Limpopo, the Orange River, "
                      "Mount Kilimanjaro, Mount Kenya, Lake Victoria, Lake Tanganyika, Lake Malawi, Lake Chad, "
                      "the Sahara, the Kalahari Desert, the Namib Desert, the Serengeti, the Atlas Mountains, "
                      "the Drakensberg, the Okavango Delta, Victoria Falls",
            "Asia": "Mount Everest, the Himalayas, the Ganges, the Mekong, the Yangtze, the Yellow River, "
                    "the Brahmaputra, the Indus, the Irrawaddy, the Gobi Desert, Mount Fuji, Lake Baikal, "
                    "the Tibetan Plateau, the Hindu Kush, the Deccan Plateau, the Thar Desert",
            "Europe": "the Danube, the Rhine, the Seine, the Thames, the Rhône, the Elbe, the Loire, the Alps, "
                      "the Pyrenees, the Carpathian Mountains, the Apennines, Mont Blanc, the Matterhorn, "
                      "Lake Geneva, Lake Como, the Black Forest, Mount Vesuvius, Mount Etna, Mount Olympus",
            "South America": "the Andes, the Amazon River, the Amazon rainforest, the Orinoco, Lake Titicaca, "
                             "the Atacama Desert, Patagonia, Aconcagua, Angel Falls, Iguazu Falls, the Pampas, "
                             "the Pantanal, Machu Picchu, Chimborazo, Cotopaxi",
            "North America": "the Rocky Mountains, the Mississippi River, the Grand Canyon, Lake Superior, "
                             "Lake Michigan, the Great Plains, the Appalachian Mountains, the Yukon River, "
                             "the Rio Grande, Niagara Falls, the Missouri River, the Sierra Nevada range, "
                             "Lake Ontario, Lake Huron, Denali, Mount Rainier, the Mojave Desert",
        },
    },
    "capital": {
        "id": "P36", "quota": 60, "own": True,
        "templates": [
            "The capital of {} is",
            "The capital city of {} is called",
            "The government of {} has its seat in the capital city of",
            "{} has a capital city, and its name is",
        ],
        "generation": ["{} is known for", "A traveller who visits {}", "The largest cities of {}"],
        "facts": {  # countries come from the atlas packages; these are states of the United States
            "Austin": "Texas", "Sacramento": "California", "Denver": "Colorado", "Boston": "Massachusetts",
            "Atlanta": "the state of Georgia", "Honolulu": "Hawaii", "Phoenix": "Arizona", "Columbus": "Ohio",
            "Nashville": "Tennessee", "Tallahassee": "Florida", "Albany": "the state of New York",
            "Salem": "Oregon", "Juneau": "Alaska", "Lansing": "Michigan", "Madison": "Wisconsin",
            "Springfield": "Illinois", "Indianapolis": "Indiana", "Richmond": "Virginia",
            "Little Rock": "Arkansas", "Montgomery": "Alabama", "Jackson": "Mississippi",
            "Lincoln": "Nebraska", "Helena": "Montana", "Boise": "Idaho", "Topeka": "Kansas",
            "Santa Fe": "New Mexico", "Salt Lake City": "Utah", "Olympia": "the state of Washington",
            "Oklahoma City": "Oklahoma", "Baton Rouge": "Louisiana", "Annapolis": "Maryland",
            "Raleigh": "North Carolina", "Charleston": "West Virginia", "Columbia": "South Carolina",
            "Hartford": "Connecticut", "Augusta": "Maine", "Trenton": "New Jersey", "Frankfort": "Kentucky",
            "Dover": "Delaware", "Pierre": "South Dakota", "Bismarck": "North Dakota",
            "Providence": "Rhode Island", "Des Moines": "Iowa", "Carson City": "Nevada",
        },
    },
    "capital_of": {
        "id": "P1376", "quota": 55, "own": True,
        "templates": [
            "{} is the capital of",
            "{} is the capital city of the country of",
            "The country whose capital is {} is called",
            "{} is where one finds the national government of",
        ],
        "generation": ["{} is a city with", "The streets of {}", "Tourists come to {} for"],
    },
    "language": {
        "id": "P37", "quota": 45,
        "templates": [
            "The official language of {} is",
            "In {}, the official language is",
            "In the schools and offices of {}, most people speak",
            "The language that most people speak in {} is",
        ],
        "generation": ["{} is a country that", "Newspapers in {}", "The culture of {}"],
        "facts": {
            "Portuguese": "Portugal, Brazil, Angola, Mozambique, Cape Verde",
            "Spanish": "Mexico, Argentina, Colombia, Chile, Cuba, Venezuela, Uruguay, Honduras, Guatemala, "
                       "Nicaragua, Costa Rica, Panama, Ecuador, El Salvador, Spain",
            "German": "Germany, Austria, Liechtenstein", "French": "France, Monaco, Senegal, Gabon",
            "Italian": "Italy, San Marino", "English": "Jamaica, Australia, Barbados, Belize, Grenada",
            "Arabic": "Egypt, Saudi Arabia, Jordan, Libya, Tunisia, Syria, Kuwait, Qatar, Oman, Yemen",
            "Japanese": "Japan", "Korean": "South Korea, North Korea", "Swedish": "Sweden",
            "Danish": "Denmark", "Norwegian": "Norway", "Polish": "Poland", "Hungarian": "Hungary",
            "Romanian": "Romania, Moldova", "Bulgarian": "Bulgaria", "Greek": "Greece", "Turkish": "Turkey",
            "Russian": "Russia", "Thai": "Thailand", "Vietnamese": "Vietnam", "Persian": "Iran",
            "Czech": "Czechia", "Croatian": "Croatia", "Albanian": "Albania", "Icelandic": "Iceland",
            "Mongolian": "Mongolia", "Nepali": "Nepal", "Bengali": "Bangladesh",
        },
    },
    "currency": {
        "id": "P38", "quota": 35,
        "templates": [
            "The currency of {} is the",
            "In {}, people pay with a currency called the",
            "The official unit of money in {} is the",
            "Shops in {} accept payment in the national currency, the",
        ],
        "generation": ["The economy of {}", "A shop in {} sells", "Tourists in {} pay"],
        "facts": {
            "euro": "Germany, France, Italy, Spain, Portugal, Greece, Ireland, Austria, Belgium, Finland, "
                    "Luxembourg, Slovenia, Slovakia, Estonia, Latvia, Lithuania, Malta, Croatia",
            "yen": "Japan", "yuan": "China", "won": "South Korea, North Korea",
            "peso": "Mexico, Argentina, Chile, Cuba, Colombia, Uruguay",
            "dinar": "Algeria, Tunisia, Serbia, Iraq, Kuwait, Jordan, Libya, Bahrain",
            "dirham": "Morocco", "rupee": "India, Pakistan, Nepal, Mauritius, Seychelles",
            "franc": "Switzerland, Rwanda, Senegal, Cameroon, Guinea, Mali", "krona": "Sweden, Iceland",
            "krone": "Norway, Denmark", "shilling": "Kenya, Uganda, Tanzania", "ruble": "Russia, Belarus",
            "rand": "South Africa", "baht": "Thailand", "dong": "Vietnam", "forint": "Hungary",
            "zloty": "Poland", "lira": "Turkey", "real": "Brazil", "riyal": "Saudi Arabia, Qatar, Yemen",
            "dollar": "Australia, New Zealand, Canada, Singapore, Jamaica, Barbados, Fiji, Namibia, Liberia",
            "pound": "Egypt, Sudan, South Sudan, Syria", "leu": "Romania, Moldova", "rupiah": "Indonesia",
            "naira": "Nigeria", "birr": "Ethiopia", "taka": "Bangladesh", "lempira": "Honduras",
        },
    },
    "city_state": {
        "id": "P131", "quota": 45,
        "templates": [
            "{} is a city in the state of",
            "The American state in which {} lies is",
            "{} is governed by the laws of the state of",
            "Residents of {} live in the state of",
        ],
        "generation": ["{} is home to", "Downtown {}", "The economy of {}"],
        "facts": {
            "Texas": "Dallas, Houston, San Antonio, Fort Worth, El Paso, Lubbock, Corpus Christi, Amarillo, Waco",
            "California": "Los Angeles, San Francisco, San Diego, Oakland, Fresno, Anaheim, Bakersfield, "
                          "Santa Barbara, Berkeley, Long Beach",
            "Florida": "Miami, Orlando, Tampa, Jacksonville, Fort Lauderdale, Pensacola, Gainesville, Sarasota",
            "Illinois": "Chicago, Peoria, Champaign", "Ohio": "Cleveland, Cincinnati, Toledo, Akron, Dayton",
            "Pennsylvania": "Pittsburgh, Scranton, Allentown, Erie", "Michigan": "Detroit, Ann Arbor, Flint, Grand Rapids",
            "Washington": "Seattle, Spokane, Tacoma", "Oregon": "Eugene, Bend, Corvallis",
            "Arizona": "Tucson, Flagstaff, Tempe, Scottsdale", "Colorado": "Boulder, Colorado Springs, Fort Collins",
            "Tennessee": "Memphis, Knoxville, Chattanooga", "Georgia": "Savannah, Macon",
            "Louisiana": "New Orleans, Shreveport, Lafayette", "Wisconsin": "Milwaukee, Green Bay, Oshkosh",
            "Minnesota": "Minneapolis, Duluth", "Missouri": "St. Louis, Branson", "Nebraska": "Omaha",
            "Nevada": "Las Vegas, Reno", "Utah": "Provo, Ogden, Park City", "Kansas": "Wichita",
            "Alabama": "Mobile, Tuscaloosa, Huntsville", "Virginia": "Norfolk, Virginia Beach, Roanoke",
            "Massachusetts": "Worcester, Salem, Lowell", "Connecticut": "New Haven, Stamford",
            "North Carolina": "Charlotte, Asheville, Greensboro, Durham", "Alaska": "Anchorage, Fairbanks",
            "New York": "Buffalo, Syracuse, Rochester", "Montana": "Billings, Missoula, Bozeman",
            "New Mexico": "Albuquerque, Roswell, Taos", "Oklahoma": "Tulsa", "Kentucky": "Louisville",
            "Iowa": "Cedar Rapids, Davenport", "Maryland": "Baltimore", "South Carolina": "Myrtle Beach",
            "Hawaii": "Hilo", "Indiana": "Fort Wayne, South Bend, Terre Haute", "Maine": "Bangor",
        },
    },
    "sight_city": {
        "id": "P276", "quota": 40,
        "templates": [
            "{the}{} is located in the city of",
            "The city in which {the}{} stands is",
            "Anyone who wants to visit {the}{} has to travel to the city of",
            "{the}{} is one of the famous sights of",
        ],
        "generation": ["{the}{} is famous for", "Visitors to {the}{} can"],
        "facts": {
            "Paris": "the Eiffel Tower, the Louvre, the Arc de Triomphe, the Sorbonne, Notre-Dame Cathedral, "
                     "the Moulin Rouge, the Centre Pompidou, the Champs-Élysées, the Musée d'Orsay, Montmartre",
            "London": "Big Ben, Buckingham Palace, the British Museum, Tower Bridge, Westminster Abbey, Hyde Park, "
                      "Trafalgar Square, the National Gallery, the Globe Theatre, St Paul's Cathedral, Covent Garden, "
                      "Heathrow Airport, Piccadilly Circus",
            "Rome": "the Colosseum, the Trevi Fountain, the Roman Forum, the Spanish Steps, the Villa Borghese, "
                    "Castel Sant'Angelo, the Appian Way",
            "Moscow": "the Kremlin, Red Square, the Bolshoi Theatre, Saint Basil's Cathedral",
            "Berlin": "the Brandenburg Gate, the Reichstag building, Checkpoint Charlie, Potsdamer Platz, "
                      "the Pergamon Museum, Humboldt University",
            "New York": "the Empire State Building, Times Square, Central Park, the Chrysler Building, Broadway, "
                        "the Metropolitan Museum of Art, Carnegie Hall, Wall Street, the Guggenheim Museum, "
                        "Rockefeller Center, Madison Square Garden, Yankee Stadium, Columbia University",
            "Istanbul": "Hagia Sophia, the Blue Mosque, Topkapi Palace, the Grand Bazaar",
            "Barcelona": "the Sagrada Família, Park Güell, La Rambla, Camp Nou, Casa Batlló",
            "Madrid": "the Prado Museum, the Reina Sofía Museum, the Puerta del Sol",
            "Athens": "the Acropolis, the Parthenon, the Temple of Olympian Zeus, the Ancient Agora",
            "Sydney": "the Sydney Opera House, Bondi Beach, Darling Harbour",
            "San Francisco": "the Golden Gate Bridge, Alcatraz, Fisherman's Wharf, Lombard Street",
            "Florence": "the Uffizi Gallery, the Ponte Vecchio, the Pitti Palace", "Beijing": "the Forbidden City, "
                        "Tiananmen Gate, the Temple of Heaven, the Summer Palace",
            "Venice": "St Mark's Basilica, the Rialto Bridge, the Doge's Palace",
            "Vienna": "Schönbrunn Palace, the Hofburg, the Belvedere, the Ringstrasse",
            "Prague": "Charles Bridge, Wenceslas Square, Old Town Square", "Milan": "La Scala, the Sforza Castle",
            "Amsterdam": "the Rijksmuseum, the Van Gogh Museum, the Anne Frank House",
            "Copenhagen": "Tivoli Gardens, the Little Mermaid statue", "Tokyo": "Shibuya Crossing, Senso-ji, Ginza",
            "Dubai": "the Burj Khalifa, the Burj Al Arab", "Agra": "the Taj Mahal", "Chicago": "the Willis Tower, "
                     "Wrigley Field, Millennium Park, Navy Pier", "Seattle": "the Space Needle, Pike Place Market",
            "Los Angeles": "Hollywood, the Getty Center, Dodger Stadium", "Boston": "Fenway Park, Faneuil Hall",
            "Budapest": "Buda Castle, Fisherman's Bastion", "Dublin": "Trinity College, Temple Bar",
            "Edinburgh": "Arthur's Seat, the Royal Mile, Holyrood Palace",
            "Saint Petersburg": "the Hermitage Museum, the Winter Palace", "Brussels": "the Atomium, Manneken Pis",
        },
    },
    "river_mouth": {
        "id": "P403", "quota": 20,
        "templates": [
            "The {} River flows into the",
            "The mouth of the {} River is on the coast of the",
            "The water of the {} River ends up in the",
        ],
        "generation": ["The {} River begins", "Along the {} River"],
        "facts": {
            "Atlantic Ocean": "Amazon, Congo, Loire, Hudson, Orinoco, Potomac, Senegal, Gambia, Niger, Tagus, Savannah",
            "Pacific Ocean": "Columbia, Klamath, Sacramento, Fraser, Snake", "Black Sea": "Danube, Dnieper, Dniester",
            "Mediterranean Sea": "Nile, Ebro, Rhône", "Caspian Sea": "Volga, Ural, Terek",
            "North Sea": "Rhine, Elbe, Thames, Weser, Meuse, Tyne", "Baltic Sea": "Oder, Vistula, Neva",
            "Gulf of Mexico": "Mississippi, Rio Grande, Brazos, Mobile", "Indian Ocean": "Zambezi, Limpopo",
            "Bay of Bengal": "Ganges, Brahmaputra, Godavari, Krishna, Mahanadi", "Arctic Ocean": "Lena, Ob, Yenisei, Mackenzie",
            "Arabian Sea": "Indus, Narmada", "Adriatic Sea": "Po", "Bering Sea": "Yukon",
            "South China Sea": "Mekong, Pearl",
        },
    },
    "sport": {
        "id": "P641", "quota": 45,
        "templates": [
            "{} became world famous through the sport of",
            "The sport in which {} became a star is",
            "{} is known as one of the greatest athletes in the history of",
            "Fans all over the world admire {} for brilliant performances in",
        ],
        "generation": ["{} won", "As a child, {}", "The career of {}"],
        "facts": {
            "basketball": "LeBron James, Kobe Bryant, Shaquille O'Neal, Magic Johnson, Larry Bird, Stephen Curry, "
                          "Kareem Abdul-Jabbar, Wilt Chamberlain, Tim Duncan, Kevin Durant, Dirk Nowitzki, "
                          "Scottie Pippen, Bill Russell, Dwyane Wade, Charles Barkley, Yao Ming, Allen Iverson",
            "tennis": "Roger Federer, Rafael Nadal, Serena Williams, Venus Williams, Novak Djokovic, Andre Agassi, "
                      "Pete Sampras, Steffi Graf, Martina Navratilova, Billie Jean King, Björn Borg, John McEnroe, "
                      "Maria Sharapova, Andy Murray, Boris Becker, Monica Seles, Chris Evert, Arthur Ashe, Rod Laver",
            "soccer": "Lionel Messi, Cristiano Ronaldo, Pelé, Diego Maradona, David Beckham, Zinedine Zidane, "
                      "Neymar, Johan Cruyff, Ronaldinho, Wayne Rooney, Mia Hamm, Franz Beckenbauer, Thierry Henry",
            "baseball": "Babe Ruth, Hank Aaron, Willie Mays, Derek Jeter, Lou Gehrig, Ty Cobb, Joe DiMaggio, "
                        "Mickey Mantle, Ted Williams, Cal Ripken, Nolan Ryan, Ichiro Suzuki, Yogi Berra, "
                        "Stan Musial, Roberto Clemente, Sandy Koufax",
            "golf": "Tiger Woods, Jack Nicklaus, Arnold Palmer, Phil Mickelson, Rory McIlroy, Ben Hogan, Sam Snead, "
                    "Gary Player, Greg Norman, Ernie Els, Nick Faldo",
            "hockey": "Wayne Gretzky, Mario Lemieux, Bobby Orr, Gordie Howe, Sidney Crosby, Alexander Ovechkin, "
                      "Mark Messier, Jaromir Jagr",
            "cricket": "Sachin Tendulkar, Brian Lara, Don Bradman, Ricky Ponting, Shane Warne, Virat Kohli, "
                       "Kapil Dev, Sunil Gavaskar, Rahul Dravid",
            "swimming": "Michael Phelps, Mark Spitz, Ian Thorpe, Katie Ledecky, Ryan Lochte",
            "boxing": "Muhammad Ali, Mike Tyson, Joe Frazier, George Foreman, Rocky Marciano, Joe Louis, "
                      "Sugar Ray Leonard, Floyd Mayweather, Manny Pacquiao, Evander Holyfield, Sugar Ray Robinson",
            "gymnastics": "Simone Biles, Nadia Comaneci, Olga Korbut, Mary Lou Retton",
        },
    },
    "field": {
        "id": "P101", "quota": 40,
        "templates": [
            "{} is remembered for work in the field of",
            "The science to which {} gave a lifetime of work is",
            "{} made important discoveries in",
            "Students who read about {} are usually taking a course in",
        ],
        "generation": ["{} discovered", "As a young scientist, {}", "The work of {}"],
        "facts": {
            "physics": "Albert Einstein, Niels Bohr, Richard Feynman, Max Planck, Enrico Fermi, Werner Heisenberg, "
                       "Erwin Schrödinger, Paul Dirac, Ernest Rutherford, Michael Faraday, James Clerk Maxwell, "
                       "Wolfgang Pauli, Lise Meitner, Robert Oppenheimer, Max Born, Lord Kelvin, Ludwig Boltzmann",
            "chemistry": "Antoine Lavoisier, Dmitri Mendeleev, Linus Pauling, Robert Boyle, Humphry Davy, "
                         "Joseph Priestley, Amedeo Avogadro, Jöns Jacob Berzelius, Svante Arrhenius, Justus von Liebig, "
                         "Friedrich Wöhler, Dorothy Hodgkin, Emil Fischer",
            "mathematics": "Leonhard Euler, Carl Friedrich Gauss, Bernhard Riemann, Emmy Noether, Pythagoras, Euclid, "
                           "David Hilbert, Srinivasa Ramanujan, Évariste Galois, Pierre de Fermat, Georg Cantor, "
                           "Kurt Gödel, Henri Poincaré, Augustin-Louis Cauchy, Sophie Germain, G. H. Hardy, Paul Erdős",
            "astronomy": "Nicolaus Copernicus, Johannes Kepler, Tycho Brahe, Edwin Hubble, William Herschel, "
                         "Caroline Herschel, Edmond Halley, Carl Sagan, Clyde Tombaugh, Henrietta Swan Leavitt, "
                         "Annie Jump Cannon, Vera Rubin, Giovanni Cassini",
            "genetics": "Gregor Mendel, Barbara McClintock, Thomas Hunt Morgan",
            "psychology": "Sigmund Freud, Carl Jung, B. F. Skinner, Jean Piaget, Abraham Maslow, Carl Rogers, "
                          "Alfred Adler, Wilhelm Wundt, Lev Vygotsky, Albert Bandura",
            "economics": "Adam Smith, John Maynard Keynes, Milton Friedman, David Ricardo, Friedrich Hayek, "
                         "Alfred Marshall, Joseph Schumpeter, Paul Samuelson",
            "botany": "Joseph Dalton Hooker, Asa Gray", "geology": "Charles Lyell, James Hutton",
            "anthropology": "Margaret Mead, Franz Boas, Claude Lévi-Strauss, Bronisław Malinowski",
            "sociology": "Émile Durkheim, Auguste Comte, Georg Simmel",
            "linguistics": "Ferdinand de Saussure, Roman Jakobson, Edward Sapir",
        },
    },
    "occupation": {
        "id": "P106", "quota": 40,
        "templates": [
            "By profession, {} was a",
            "{} became famous as a",
            "In the encyclopedia, {} is described as a great",
            "When people hear the name {}, they think of a famous",
        ],
        "generation": ["{} was born", "The life of {}", "{} spent many years"],
        "facts": {
            "composer": "Johann Sebastian Bach, Ludwig van Beethoven, Joseph Haydn, Franz Schubert, Antonio Vivaldi, "
                        "Johannes Brahms, Giuseppe Verdi, Igor Stravinsky, Claude Debussy, Gustav Mahler, Richard Strauss, "
                        "Antonín Dvořák, Maurice Ravel, Giacomo Puccini, Robert Schumann, Felix Mendelssohn, "
                        "Edward Elgar, Jean Sibelius, Béla Bartók, Dmitri Shostakovich",
            "painter": "Vincent van Gogh, Claude Monet, Rembrandt, Paul Cézanne, Henri Matisse, Caravaggio, Johannes Vermeer, "
                       "Pierre-Auguste Renoir, Gustav Klimt, Edvard Munch, Frida Kahlo, Diego Velázquez, Titian, "
                       "Peter Paul Rubens, Georges Seurat, Jackson Pollock, Jan van Eyck, Sandro Botticelli, El Greco, "
                       "Édouard Manet, Paul Gauguin, Georgia O'Keeffe, Camille Pissarro",
            "philosopher": "Immanuel Kant, Plato, Aristotle, Socrates, Arthur Schopenhauer, Baruch Spinoza, John Locke, "
                           "Georg Wilhelm Friedrich Hegel, Martin Heidegger, Thomas Hobbes, Epictetus, Edmund Husserl, "
                           "Søren Kierkegaard, Plotinus",
            "poet": "John Keats, Robert Frost, Emily Dickinson, Percy Bysshe Shelley, William Wordsworth, Walt Whitman, "
                    "Sappho, Pablo Neruda, Ovid, Virgil, Pindar, Petrarch, John Donne, Alfred Tennyson, Robert Burns",
            "sculptor": "Auguste Rodin, Donatello, Gian Lorenzo Bernini, Constantin Brâncuși, Alberto Giacometti, "
                        "Henry Moore, Praxiteles, Barbara Hepworth, Phidias",
            "novelist": "Jane Austen, Charles Dickens, George Eliot, Gustave Flaubert, Émile Zola, Honoré de Balzac, "
                        "Fyodor Dostoevsky, Leo Tolstoy, Henry James, Agatha Christie",
            "photographer": "Ansel Adams, Dorothea Lange, Henri Cartier-Bresson, Robert Capa, Diane Arbus",
            "dancer": "Isadora Duncan, Vaslav Nijinsky, Anna Pavlova, Rudolf Nureyev, Fred Astaire, Martha Graham",
            "guitarist": "Andrés Segovia, Django Reinhardt",
        },
    },
    "mother_tongue": {
        "id": "P103", "quota": 35,
        "templates": [
            "The mother tongue of {} was",
            "{} was a native speaker of",
            "At home, the family of {} spoke",
            "The first language that {} learned as a child was",
        ],
        "generation": ["{} wrote", "In a letter, {}", "{} is remembered for"],
        "facts": {
            "French": "Victor Hugo, Voltaire, Molière, Alexandre Dumas, Jules Verne, Charles de Gaulle, Louis Pasteur, "
                      "Louis XIV, Jean-Paul Sartre, Simone de Beauvoir, Charles Baudelaire, Denis Diderot, Montesquieu, "
                      "Marcel Proust, Georges Clemenceau, Édith Piaf, François Mitterrand, Blaise Pascal",
            "German": "Johann Wolfgang von Goethe, Friedrich Schiller, Otto von Bismarck, Martin Luther, Thomas Mann, "
                      "Hermann Hesse, Friedrich Nietzsche, Karl Marx, Konrad Adenauer, Wolfgang Amadeus Mozart, "
                      "Richard Wagner, Heinrich Heine, Willy Brandt, Bertolt Brecht",
            "Italian": "Dante Alighieri, Galileo Galilei, Giovanni Boccaccio, Leonardo da Vinci, Michelangelo, "
                       "Niccolò Machiavelli, Umberto Eco, Federico Fellini, Guglielmo Marconi, Alessandro Volta, "
                       "Luciano Pavarotti, Luigi Pirandello, Italo Calvino",
            "Spanish": "Miguel de Cervantes, Gabriel García Márquez, Federico García Lorca, Jorge Luis Borges, "
                       "Simón Bolívar, Francisco Goya, Lope de Vega, Hernán Cortés, Octavio Paz, Luis Buñuel",
            "Russian": "Anton Chekhov, Alexander Pushkin, Ivan Turgenev, Peter the Great, Yuri Gagarin, "
                       "Pyotr Ilyich Tchaikovsky, Boris Pasternak, Anna Akhmatova, Maxim Gorky, Alexander Solzhenitsyn",
            "Japanese": "Akira Kurosawa, Yukio Mishima, Hayao Miyazaki, Yasunari Kawabata, Matsuo Bashō, Hokusai",
            "Chinese": "Confucius, Li Bai, Sun Yat-sen, Lu Xun, Laozi", "Portuguese": "Vasco da Gama, Fernando Pessoa, "
                       "José Saramago, Henry the Navigator, Paulo Coelho",
            "English": "William Shakespeare, Isaac Newton, Charles Darwin, Abraham Lincoln, George Washington, Mark Twain, "
                       "Winston Churchill, Geoffrey Chaucer, Benjamin Franklin, Ernest Hemingway",
            "Polish": "Adam Mickiewicz, Lech Wałęsa, Henryk Sienkiewicz, Wisława Szymborska",
            "Greek": "Homer, Sophocles, Herodotus, Euripides, Hippocrates, Pericles, Thucydides",
            "Latin": "Julius Caesar, Cicero, Horace, Seneca, Tacitus", "Danish": "Hans Christian Andersen",
            "Norwegian": "Henrik Ibsen, Roald Amundsen, Edvard Grieg", "Swedish": "August Strindberg, Alfred Nobel, "
                         "Astrid Lindgren, Ingmar Bergman", "Dutch": "Erasmus, Anthony Fokker, Johan Huizinga",
            "Arabic": "Ibn Khaldun, Naguib Mahfouz, Umm Kulthum", "Bengali": "Rabindranath Tagore, Satyajit Ray",
        },
    },
    "instrument": {
        "id": "P1303", "quota": 30,
        "templates": [
            "{} is famous for playing the",
            "The instrument that made {} famous is the",
            "On stage, {} usually played the",
            "{} is known as a master of the",
        ],
        "generation": ["{} recorded", "The music of {}", "{} performed"],
        "facts": {
            "guitar": "Jimi Hendrix, Eric Clapton, Keith Richards, Jimmy Page, B. B. King, Carlos Santana, Eddie Van Halen, "
                      "Chuck Berry, Brian May, Slash, Angus Young, Jeff Beck, David Gilmour, Mark Knopfler, Robert Johnson, "
                      "Muddy Waters, Stevie Ray Vaughan, George Harrison, John Lee Hooker, Les Paul, Pat Metheny",
            "piano": "Arthur Rubinstein, Vladimir Horowitz, Glenn Gould, Thelonious Monk, Bill Evans, Art Tatum, "
                     "Lang Lang, Martha Argerich, Frédéric Chopin, Clara Schumann, Franz Liszt, Oscar Peterson, Scott Joplin, "
                     "Jelly Roll Morton, Dave Brubeck, Herbie Hancock, Duke Ellington, Count Basie, Liberace",
            "violin": "Niccolò Paganini, Itzhak Perlman, Yehudi Menuhin, Jascha Heifetz, Joshua Bell, Fritz Kreisler, "
                      "David Oistrakh, Isaac Stern, Anne-Sophie Mutter, Arcangelo Corelli, Stéphane Grappelli",
            "trumpet": "Louis Armstrong, Dizzy Gillespie, Wynton Marsalis, Chet Baker, Clifford Brown, Lee Morgan, Miles Davis",
            "saxophone": "John Coltrane, Charlie Parker, Sonny Rollins, Stan Getz, Coleman Hawkins, Lester Young, Kenny G, "
                         "Cannonball Adderley, Dexter Gordon", "cello": "Yo-Yo Ma, Pablo Casals, Jacqueline du Pré, "
                         "Mstislav Rostropovich", "drums": "Ringo Starr, Keith Moon, John Bonham, Buddy Rich, Gene Krupa, "
                         "Charlie Watts, Lars Ulrich, Max Roach, Neil Peart, Ginger Baker",
            "sitar": "Ravi Shankar, Vilayat Khan", "flute": "James Galway, Jean-Pierre Rampal", "clarinet": "Benny Goodman, "
                     "Artie Shaw", "trombone": "Glenn Miller, Tommy Dorsey, Jack Teagarden", "tabla": "Zakir Hussain, Alla Rakha",
            "banjo": "Earl Scruggs, Béla Fleck",
        },
    },
    "author": {
        "id": "P50", "quota": 30,
        "templates": [
            "{} was written by",
            "The author of {} is",
            "The famous work {} came from the pen of",
            "Readers of {} admire the style of its author,",
        ],
        "generation": ["The story of {}", "{} begins with"],
        "facts": {
            "William Shakespeare": "Hamlet, Macbeth, Romeo and Juliet, Othello, King Lear, The Tempest, Julius Caesar, "
                                   "A Midsummer Night's Dream, Twelfth Night, The Merchant of Venice, Much Ado About Nothing, "
                                   "As You Like It, Richard III, The Taming of the Shrew",
            "Charles Dickens": "Oliver Twist, Great Expectations, David Copperfield, A Tale of Two Cities, A Christmas Carol, "
                               "Bleak House, Hard Times, Little Dorrit, Nicholas Nickleby, The Pickwick Papers",
            "Jane Austen": "Pride and Prejudice, Emma, Sense and Sensibility, Persuasion, Mansfield Park, Northanger Abbey",
            "Mark Twain": "Huckleberry Finn, Tom Sawyer, The Prince and the Pauper, Life on the Mississippi",
            "Leo Tolstoy": "War and Peace, Anna Karenina, The Death of Ivan Ilyich",
            "George Orwell": "Animal Farm, Nineteen Eighty-Four, Homage to Catalonia, Burmese Days",
            "Ernest Hemingway": "The Old Man and the Sea, A Farewell to Arms, For Whom the Bell Tolls, The Sun Also Rises",
            "Homer": "the Iliad, the Odyssey", "Virgil": "the Aeneid", "Plato": "the Republic, the Symposium, the Phaedo",
            "Aristotle": "the Nicomachean Ethics, the Poetics", "Victor Hugo": "Les Misérables, The Hunchback of Notre-Dame",
            "Herman Melville": "Moby-Dick, Billy Budd", "F. Scott Fitzgerald": "The Great Gatsby, Tender Is the Night",
            "Harper Lee": "To Kill a Mockingbird", "J.R.R. Tolkien": "The Hobbit, The Lord of the Rings, The Silmarillion",
            "John Steinbeck": "The Grapes of Wrath, Of Mice and Men, East of Eden, Cannery Row",
            "Mary Shelley": "Frankenstein", "Bram Stoker": "Dracula", "Lewis Carroll": "Alice in Wonderland",
            "Jonathan Swift": "Gulliver's Travels", "Daniel Defoe": "Robinson Crusoe, Moll Flanders",
            "Emily Brontë": "Wuthering Heights", "Charlotte Brontë": "Jane Eyre, Villette", "James Joyce": "Ulysses, Dubliners, "
            "Finnegans Wake", "Virginia Woolf": "Mrs Dalloway, To the Lighthouse, Orlando",
            "Oscar Wilde": "The Picture of Dorian Gray, The Importance of Being Earnest, Salome",
            "Fyodor Dostoevsky": "Crime and Punishment, The Brothers Karamazov, The Idiot",
            "H. G. Wells": "The Time Machine, The War of the Worlds, The Invisible Man", "Franz Kafka": "The Metamorphosis, The Trial, "
            "The Castle", "Miguel de Cervantes": "Don Quixote", "Geoffrey Chaucer": "The Canterbury Tales",
            "John Milton": "Paradise Lost", "Charles Darwin": "On the Origin of Species", "Karl Marx": "Das Kapital",
            "Aldous Huxley": "Brave New World", "Ray Bradbury": "Fahrenheit 451", "J.K. Rowling": "Harry Potter and the Goblet of Fire",
            "Toni Morrison": "Beloved, Song of Solomon, Sula", "Adam Smith": "The Wealth of Nations",
            "Thomas Hobbes": "Leviathan", "Thomas Paine": "Common Sense, The Rights of Man", "Agatha Christie":
            "Murder on the Orient Express, Death on the Nile, And Then There Were None", "William Golding": "Lord of the Flies",
        },
    },
    "artist": {
        "id": "P170", "quota": 18,
        "templates": [
            "{the}{} was painted by",
            "The painter of {the}{} is",
            "The famous picture known as {the}{} is a work by",
        ],
        "generation": ["{the}{} shows", "Visitors who look at {the}{}"],
        "facts": {
            "Leonardo da Vinci": "the Mona Lisa, The Last Supper, Lady with an Ermine, Virgin of the Rocks, Salvator Mundi",
            "Vincent van Gogh": "The Starry Night, The Potato Eaters, Café Terrace at Night, Wheatfield with Crows, Irises",
            "Pablo Picasso": "Guernica, Les Demoiselles d'Avignon, The Weeping Woman, The Old Guitarist",
            "Claude Monet": "Woman with a Parasol, Rouen Cathedral at Sunset",
            "Rembrandt": "The Night Watch, The Anatomy Lesson of Dr. Nicolaes Tulp, The Jewish Bride",
            "Edvard Munch": "The Scream, The Sick Child", "Gustav Klimt": "The Kiss", "Johannes Vermeer":
            "Girl with a Pearl Earring, The Milkmaid, View of Delft", "Salvador Dalí": "The Persistence of Memory",
            "Michelangelo": "the Sistine Chapel ceiling, The Creation of Adam", "Raphael": "The School of Athens, the Sistine Madonna",
            "Sandro Botticelli": "The Birth of Venus, Primavera", "Grant Wood": "American Gothic",
            "Edward Hopper": "Nighthawks", "Diego Velázquez": "Las Meninas", "Jan van Eyck": "the Arnolfini Portrait",
            "Hieronymus Bosch": "The Garden of Earthly Delights", "Eugène Delacroix": "Liberty Leading the People",
            "Andy Warhol": "Campbell's Soup Cans",
        },
    },
    "composer": {
        "id": "P86", "quota": 18,
        "templates": [
            "{the}{} was composed by",
            "The composer of {the}{} is",
            "In the concert hall tonight, the orchestra plays {the}{} by",
        ],
        "generation": ["{the}{} is a piece that", "When the audience heard {the}{}"],
        "facts": {
            "Mozart": "The Magic Flute, Don Giovanni, The Marriage of Figaro, Così fan tutte, Eine kleine Nachtmusik",
            "Beethoven": "the Moonlight Sonata, Für Elise, Fidelio, the Eroica Symphony, the Ode to Joy, the Emperor Concerto",
            "Bach": "the Brandenburg Concertos, the Goldberg Variations, The Art of Fugue, the St Matthew Passion",
            "Handel": "the Messiah, the Water Music, the Music for the Royal Fireworks", "Vivaldi": "The Four Seasons",
            "Wagner": "Tristan und Isolde, Lohengrin, Parsifal, the Ring Cycle, Tannhäuser, The Flying Dutchman",
            "Verdi": "Aida, La Traviata, Rigoletto, Il Trovatore, Nabucco", "Puccini": "La Bohème, Tosca, Madama Butterfly, Turandot",
            "Tchaikovsky": "Swan Lake, The Nutcracker, The Sleeping Beauty, the 1812 Overture", "Bizet": "Carmen",
            "Stravinsky": "The Rite of Spring, The Firebird, Petrushka", "Holst": "The Planets", "Ravel": "Boléro",
            "Debussy": "La Mer, Clair de Lune", "Haydn": "The Creation, the Surprise Symphony", "Rossini": "The Barber of Seville, "
            "William Tell", "Dvořák": "the New World Symphony, Rusalka", "Gershwin": "Rhapsody in Blue, Porgy and Bess",
        },
    },
    "discoverer": {
        "id": "P61", "quota": 25, "own": True,
        "templates": [
            "{the}{} was discovered by",
            "The scientist who discovered {the}{} was",
            "In a book about science, the discovery of {the}{} is credited to",
        ],
        "generation": ["{the}{} is important because", "The discovery of {the}{}"],
        "facts": {
            "Alexander Fleming": "penicillin", "Ernest Rutherford": "the atomic nucleus", "Wilhelm Röntgen": "X-rays",
            "J.J. Thomson": "the electron", "James Chadwick": "the neutron", "Marie Curie": "radium, polonium",
            "Isaac Newton": "the law of universal gravitation, the three laws of motion", "Albert Einstein":
            "the theory of relativity, mass-energy equivalence", "William Harvey": "the circulation of the blood",
            "Gregor Mendel": "the laws of heredity", "Henri Becquerel": "radioactivity", "William Herschel": "Uranus",
            "Johannes Kepler": "the laws of planetary motion", "Galileo Galilei": "the four largest moons of Jupiter",
            "Robert Koch": "the tuberculosis bacterium", "Clyde Tombaugh": "Pluto", "Michael Faraday":
            "electromagnetic induction", "Robert Brown": "Brownian motion", "Edwin Hubble": "the expansion of the universe",
            "Archimedes": "the principle of buoyancy", "Robert Hooke": "the law of elasticity", "Georg Ohm": "the law of electrical resistance",
            "Edmond Halley": "the orbit of Halley's Comet", "Henry Cavendish": "hydrogen", "Max Planck": "the quantum of action",
        },
    },
    "developer": {
        "id": "P178", "quota": 40,
        "templates": [
            "{the}{} was developed by",
            "The company behind {the}{} is",
            "{the}{} is a product of the company",
            "Customers who buy or use {the}{} rely on the company",
        ],
        "generation": ["{the}{} is used for", "The first version of {the}{}"],
        "facts": {
            "Microsoft": "Windows XP, Windows 95, Excel, PowerPoint, the Xbox 360, Internet Explorer, Visual Studio, "
                         "Outlook, SharePoint, Cortana, OneDrive, the Surface Pro, MS-DOS, Windows Phone, Azure, Xbox Live",
            "Apple": "the iPhone, the iPad, the iPod, macOS, Safari, iTunes, Siri, the MacBook Pro, the Macintosh, AirPods, "
                     "FaceTime, iCloud, Final Cut Pro, GarageBand, the Apple II, iOS, Xcode",
            "Google": "Gmail, Chrome, Google Maps, TensorFlow, the Pixel phone, Chromecast, Google Earth, Chrome OS, Google Docs, "
                      "Google Translate, the Go programming language, Google Analytics",
            "Nintendo": "the Game Boy, the Wii, Super Mario Bros., The Legend of Zelda, Donkey Kong, Mario Kart, the GameCube, "
                        "Animal Crossing, the Switch console, Metroid",
            "Sony": "the PlayStation, the Walkman, the PlayStation 2, the Betamax, the PlayStation 4, the Trinitron",
            "Adobe": "Photoshop, Illustrator, InDesign, Acrobat, After Effects, Premiere Pro, Lightroom, Dreamweaver",
            "IBM": "Watson, Deep Blue, OS/2, the System/360 mainframe, SPSS, DB2", "Amazon": "Alexa, the Kindle, the Echo speaker, "
            "Amazon Web Services", "Intel": "the Pentium processor, the Xeon processor, the 8086 processor, the Itanium processor",
            "Samsung": "the Galaxy S7, the Galaxy Note, the Galaxy S3", "Facebook": "Messenger, React", "Boeing": "the 747 airliner, "
            "the 787 Dreamliner, the 737 airliner, the B-52 bomber", "Airbus": "the A380, the A320, the A350",
            "Toyota": "the Corolla, the Prius, the Camry, the Land Cruiser", "Honda": "the Civic, the Accord", "Ford": "the Mustang, "
            "the Model T, the F-150, the Thunderbird", "Tesla": "the Model S, the Cybertruck, the Powerwall", "Volkswagen":
            "the Beetle, the Golf GTI, the Passat", "Nissan": "the Altima, the Skyline GT-R", "Chevrolet": "the Camaro, the Corvette, "
            "the Silverado", "Oracle": "MySQL Workbench, PL/SQL", "Kodak": "the Brownie camera", "Mattel": "the Barbie doll, Hot Wheels",
        },
    },
    "company_country": {
        "id": "P495", "quota": 35,
        "templates": [
            "{} is a company that was founded in the country of",
            "The home country of the company {} is",
            "The company {} has its roots in",
            "The headquarters of {} are found in the country of",
        ],
        "generation": ["{} makes", "The products of {}", "{} is a company that"],
        "facts": {
            "Japan": "Toyota, Sony, Nintendo, Honda, Canon, Panasonic, Mitsubishi, Nissan, Yamaha, Toshiba, Hitachi, "
                     "Fujitsu, Suzuki, Subaru, Mazda, Sharp, Nikon, Seiko, Casio, Uniqlo, Sega, Bridgestone",
            "Germany": "Volkswagen, BMW, Siemens, Bosch, Bayer, Adidas, Puma, Lufthansa, Porsche, Audi, BASF, SAP, Aldi, Allianz",
            "Italy": "Ferrari, Fiat, Lamborghini, Gucci, Prada, Armani, Maserati, Barilla, Pirelli, Versace, Ducati, Lavazza",
            "France": "Renault, Peugeot, Michelin, Chanel, Danone, Citroën, Carrefour, Dior, Hermès, Lacoste, Cartier",
            "South Korea": "Samsung, Hyundai, Kia, Daewoo", "Sweden": "Volvo, Ikea, Ericsson, Saab, Spotify, Electrolux",
            "Switzerland": "Nestlé, Rolex, Novartis, Swatch, Omega, Credit Suisse, Lindt", "Finland": "Nokia, Finnair, Kone",
            "Denmark": "Lego, Carlsberg, Maersk, Novo Nordisk", "China": "Huawei, Alibaba, Tencent, Lenovo, Baidu, Xiaomi",
            "India": "Tata Motors, Infosys, Wipro, Air India", "Spain": "Zara, Iberia, Santander", "Australia": "Qantas, Billabong",
            "Canada": "BlackBerry, Bombardier, Air Canada, Shopify", "Russia": "Gazprom, Aeroflot, Lukoil",
            "Brazil": "Petrobras, Embraer", "Belgium": "Godiva", "Austria": "Red Bull, Swarovski", "Ireland": "Ryanair, Aer Lingus",
            "Norway": "Statkraft, Telenor", "Ethiopia": "Ethiopian Airlines", "Mexico": "Cemex, Bimbo",
        },
    },
    "dish_country": {
        "id": "P2012", "quota": 30,
        "templates": [
            "{} is a traditional food from the country of",
            "{} originally comes from the kitchens of",
            "Anyone who wants to taste authentic {} should travel to",
            "The country that gave the world {} is",
        ],
        "generation": ["{} is made with", "The recipe for {}", "To cook {}, you need"],
        "facts": {
            "Italy": "lasagna, risotto, tiramisu, ravioli, gnocchi, prosciutto, pesto, carbonara, panna cotta, minestrone, "
                     "mozzarella, focaccia, gelato, cannoli", "Japan": "sushi, ramen, tempura, sashimi, miso soup, teriyaki, udon, "
                     "yakitori, mochi, sake", "Mexico": "guacamole, tacos, enchiladas, burritos, quesadillas, mole poblano, "
                     "pozole, tequila, tamales", "France": "ratatouille, bouillabaisse, coq au vin, crème brûlée, "
                     "foie gras, escargots, champagne, camembert", "Spain": "paella, gazpacho, churros, sangria, "
                     "tortilla española, chorizo, manchego", "India": "biryani, naan, samosas, tandoori chicken, dosa, masala chai, "
                     "paneer, raita", "Germany": "sauerkraut, bratwurst, sauerbraten, pumpernickel", "South Korea": "kimchi, bibimbap, bulgogi, "
                     "gochujang", "Greece": "moussaka, tzatziki, souvlaki, ouzo, spanakopita", "Hungary": "goulash, Tokaji wine, langos",
            "Thailand": "pad thai, tom yum, green curry", "Vietnam": "pho, banh mi", "China": "Peking duck, mapo tofu, kung pao chicken, "
            "chow mein, dim sum", "Switzerland": "cheese fondue, raclette, rösti, muesli", "Russia": "beef stroganoff, blini, pelmeni, vodka",
            "Brazil": "feijoada, caipirinha, brigadeiro", "Peru": "ceviche, lomo saltado", "Argentina": "chimichurri, asado",
            "Indonesia": "nasi goreng, rendang, gado-gado, tempeh", "Portugal": "bacalhau, port wine, piri-piri chicken",
            "Sweden": "gravlax, surströmming", "Canada": "poutine", "Poland": "pierogi, bigos", "Austria": "Wiener schnitzel, Sachertorte",
            "Scotland": "haggis, shortbread", "Ethiopia": "injera, doro wat", "Turkey": "Turkish delight, doner kebab", "Belgium": "Liège waffles",
        },
    },
    "animal_class": {
        "id": "P171", "quota": 45,
        "templates": [
            "The {} is a type of",
            "In zoology, the {} is classified as a species of",
            "Among the animals, the {} counts as a kind of",
        ],
        "generation": ["The {} lives", "The {} eats", "In the wild, the {}"],
        "facts": {
            "bird": "eagle, penguin, ostrich, sparrow, parrot, flamingo, owl, hummingbird, pelican, albatross, robin, peacock, "
                    "falcon, woodpecker, kiwi, puffin, heron, emu, toucan, vulture, stork, nightingale, magpie, cuckoo, kestrel, condor",
            "fish": "salmon, tuna, trout, cod, herring, barracuda, seahorse, carp, sardine, mackerel, halibut, piranha, haddock, "
                    "catfish, swordfish, sturgeon, anchovy, pike, clownfish, flounder",
            "mammal": "dolphin, whale, bat, elephant, kangaroo, platypus, otter, giraffe, hippopotamus, koala, walrus, "
                      "hedgehog, manatee, blue whale, porpoise, sloth, aardvark, sea lion",
            "insect": "butterfly, ant, bee, beetle, grasshopper, mosquito, dragonfly, ladybug, cockroach, termite, wasp, moth, cricket, "
                      "firefly, praying mantis, housefly", "lizard": "iguana, gecko, chameleon, Komodo dragon, skink, Gila monster, monitor",
            "snake": "cobra, python, rattlesnake, boa constrictor, anaconda, viper, black mamba, copperhead, garter",
            "dog": "poodle, bulldog, beagle, German shepherd, golden retriever, dachshund, rottweiler, chihuahua, greyhound, Dalmatian, "
                   "collie, Doberman, terrier, St. Bernard", "cat": "Siamese, Maine Coon, Persian longhair, Bengal shorthair, Ragdoll",
            "monkey": "baboon, macaque, mandrill, capuchin, howler, marmoset, tamarin", "horse": "Clydesdale, Appaloosa, Lipizzaner, mustang, "
            "Arabian thoroughbred", "crustacean": "lobster, crab, shrimp, crayfish", "frog": "bullfrog", "shark": "great white, hammerhead",
            "spider": "tarantula, black widow, daddy longlegs", "rodent": "squirrel, beaver, hamster, guinea pig, chinchilla, capybara, porcupine",
            "bear": "grizzly, giant panda", "whale": "narwhal, beluga, humpback",
        },
    },
    "kind_of": {
        "id": "P279", "quota": 40,
        "templates": [
            "{A}{} is a type of",
            "{A}{} belongs to the category called",
            "If someone asks what {a}{} is, the answer is: it is a kind of",
        ],
        "generation": ["{A}{} is often", "The history of the {}"],
        "facts": {
            "fruit": "banana, mango, orange, pear, peach, papaya, kiwifruit, grape, plum, apricot, raspberry, strawberry, pineapple",
            "vegetable": "carrot, turnip, parsnip, radish, beet, leek", "tree": "maple, oak, spruce, sequoia, birch, willow, poplar, "
            "cedar, redwood, sycamore, cypress, eucalyptus, baobab", "flower": "tulip, daffodil, orchid, daisy, rose, carnation, marigold, "
            "lily, dahlia, petunia, chrysanthemum", "dance": "waltz, tango, polka, foxtrot, rumba, minuet, samba",
            "boat": "canoe, kayak, gondola, catamaran, dinghy", "hat": "fedora, sombrero, bowler, beret, beanie, fez",
            "shoe": "sneaker, loafer, sandal, moccasin, stiletto", "gemstone": "ruby, sapphire, emerald, topaz, amethyst, garnet",
            "poem": "sonnet, haiku, limerick, ballad, villanelle", "weapon": "sword, dagger, rifle, musket, crossbow, spear",
            "fabric": "denim, silk, velvet, linen, cotton, satin, corduroy", "cheese": "cheddar, gouda, brie, parmesan, gruyère",
            "bread": "baguette, ciabatta, bagel, brioche", "spice": "cinnamon, nutmeg, turmeric, cumin, saffron, clove",
            "metal": "steel, bronze, brass, copper, platinum", "rock": "granite, limestone, basalt, marble, sandstone, obsidian, slate",
            "furniture": "sofa, wardrobe, bookcase, armchair", "pasta": "spaghetti, penne, linguine, fettuccine, macaroni",
            "aircraft": "helicopter, glider, biplane", "wine": "Merlot, Chardonnay, Riesling, Cabernet Sauvignon, Pinot Noir",
            "card game": "poker, bridge, blackjack, rummy", "martial art": "karate, judo, taekwondo, aikido",
            "programming language": "Python, Java, Fortran, Haskell, COBOL, JavaScript",
        },
    },
    "moon_planet": {
        "id": "P397", "quota": 12,
        "templates": [
            "{} is a moon of the planet",
            "The moon called {} travels around the planet",
            "The planet that {} orbits is",
        ],
        "generation": ["{} is a moon that", "The surface of {}"],
        "facts": {
            "Jupiter": "Io, Europa, Ganymede, Callisto, Amalthea, Himalia", "Saturn": "Titan, Enceladus, Mimas, Rhea, Iapetus, Dione, "
            "Tethys, Hyperion, Phoebe", "Mars": "Phobos, Deimos", "Uranus": "Miranda, Titania, Oberon, Umbriel, Ariel",
            "Neptune": "Triton, Nereid, Proteus",
        },
    },
    "constellation": {
        "id": "P59", "quota": 12,
        "templates": [
            "{} is a star in the constellation",
            "The constellation in which astronomers find {} is",
            "At night, {} shines in the constellation of",
        ],
        "generation": ["{} is a star that", "The light of {}"],
        "facts": {
            "Orion": "Betelgeuse, Rigel, Bellatrix, Saiph, Alnitak, Mintaka", "Taurus": "Aldebaran, Elnath", "Leo": "Regulus, Denebola, Algieba",
            "Virgo": "Spica, Porrima", "Scorpius": "Antares, Shaula", "Gemini": "Castor, Pollux", "Lyra": "Vega", "Aquila": "Altair",
            "Cygnus": "Deneb, Albireo", "Ursa Major": "Dubhe, Merak, Mizar, Alioth", "Canis Major": "Sirius, Adhara", "Ursa Minor": "Polaris",
            "Perseus": "Algol, Mirfak", "Pegasus": "Markab, Scheat", "Andromeda": "Mirach, Almach", "Auriga": "Capella",
        },
    },
    "mythology": {
        "id": "P361", "quota": 30,
        "templates": [
            "{the}{} is a figure in",
            "The story of {the}{} comes from",
            "Anyone who reads about {the}{} is reading about",
        ],
        "generation": ["{the}{} is often shown", "In the old stories, {the}{}"],
        "facts": {
            "Greek mythology": "Achilles, Heracles, Perseus the hero, Theseus, Odysseus, Medusa, the Minotaur, Icarus, Daedalus, "
                               "Orpheus, Narcissus, Prometheus, Pandora, Jason the Argonaut, Sisyphus, Tantalus, Cerberus, "
                               "Eurydice, King Midas, Circe, Medea, Oedipus, Antigone, Helen of Troy",
            "Norse mythology": "Thor, Odin, Loki, Freyja, Baldur, Heimdall, Fenrir, Yggdrasil, Sigurd, the Midgard Serpent, "
                               "Frigg, Valhalla, the Valkyries, Ragnarök", "Egyptian mythology": "Osiris, Isis, Horus, Anubis, Ra, "
            "Thoth, Seth the desert god, Bastet, Sekhmet, Hathor, Ptah, Apep, Nephthys, Sobek",
            "Roman mythology": "Romulus, Remus, Janus, Faunus, Vesta, Lavinia, Saturnus", "Irish mythology": "Cú Chulainn, Lugh, "
            "the Dagda, Fionn mac Cumhaill, Deirdre", "Japanese mythology": "Amaterasu, Susanoo, Izanagi, Izanami",
            "Mesopotamian mythology": "Gilgamesh, Enkidu, Marduk, Tiamat, Ishtar, Enlil",
        },
    },
    "god_domain": {
        "id": "P2925", "quota": 20, "own": True,
        "templates": [
            "In ancient stories, {} rules as the deity of",
            "In mythology, {} is worshipped above all as the deity of",
            "The ancients prayed to {} in matters of",
        ],
        "generation": ["The temple of {}", "In a famous myth, {}"],
        "facts": {
            "love": "Aphrodite, Venus, Eros, Cupid", "war": "Ares, Mars", "wisdom": "Athena, Minerva", "the sea": "Poseidon, Neptune",
            "the underworld": "Hades, Pluto", "wine": "Dionysus, Bacchus", "agriculture": "Demeter, Ceres", "marriage": "Hera, Juno",
            "the hunt": "Artemis, Diana", "fire": "Hephaestus, Vulcan", "victory": "Nike", "sleep": "Hypnos", "the sky": "Uranus, Zeus, Jupiter",
            "death": "Thanatos", "the hearth": "Hestia", "the sun": "Helios, Apollo", "the moon": "Selene, Luna", "dawn": "Eos, Aurora",
        },
    },
    "symbol": {
        "id": "P246", "quota": 25, "own": True,
        "templates": [
            "The chemical symbol for {} is",
            "In the periodic table, {} is written as",
            "Chemists abbreviate {} with the symbol",
        ],
        "generation": ["{} is a chemical element that", "At room temperature, {}"],
        "facts": {
            "Au": "gold", "Ag": "silver", "Fe": "iron", "Pb": "lead", "Cu": "copper", "Na": "sodium", "K": "potassium", "Hg": "mercury",
            "Sn": "tin", "Zn": "zinc", "Ni": "nickel", "He": "helium", "H": "hydrogen", "O": "oxygen", "N": "nitrogen", "C": "carbon",
            "Al": "aluminum", "Ca": "calcium", "Cl": "chlorine", "Mg": "magnesium", "P": "phosphorus", "S": "sulfur", "U": "uranium",
            "Li": "lithium", "Pt": "platinum", "Si": "silicon", "Ne": "neon", "Ar": "argon", "I": "iodine", "W": "tungsten", "Ti": "titanium",
            "Cr": "chromium", "Mn": "manganese", "Co": "cobalt", "Br": "bromine", "F": "fluorine", "B": "boron", "Ra": "radium", "Rn": "radon",
        },
    },
    "language_country": {
        "id": "P2341", "quota": 25,
        "templates": [
            "{} is a language that is spoken mainly in",
            "Most speakers of the {} language live in",
            "The home of the {} language is the country of",
        ],
        "generation": ["The {} language is", "Books written in {}"],
        "facts": {
            "India": "Hindi, Tamil, Telugu, Gujarati, Marathi, Kannada, Malayalam, Odia, Assamese, Konkani",
            "China": "Mandarin Chinese, Cantonese", "Japan": "Japanese, Ainu", "Indonesia": "Javanese, Sundanese, Balinese, Indonesian",
            "Poland": "Polish", "Hungary": "Hungarian", "Finland": "Finnish", "Sweden": "Swedish", "Norway": "Norwegian", "Denmark": "Danish",
            "Greece": "Greek", "Turkey": "Turkish", "Thailand": "Thai", "Vietnam": "Vietnamese", "Italy": "Italian, Sicilian, Venetian, Sardinian",
            "Spain": "Basque, Catalan, Galician", "Nigeria": "Yoruba, Igbo, Hausa", "Ethiopia": "Amharic, Oromo", "Wales": "Welsh",
            "Ireland": "Irish Gaelic", "Iceland": "Icelandic", "Bulgaria": "Bulgarian", "Albania": "Albanian", "Estonia": "Estonian",
            "Latvia": "Latvian", "Lithuania": "Lithuanian", "Mongolia": "Mongolian", "Cambodia": "Khmer", "Kenya": "Kikuyu",
            "South Africa": "Afrikaans, Zulu, Xhosa", "Somalia": "Somali", "Croatia": "Croatian", "Slovenia": "Slovenian",
            "Bangladesh": "Bengali", "Pakistan": "Sindhi", "Nepal": "Nepali", "Ghana": "Twi", "Zimbabwe": "Shona", "Mexico": "Nahuatl",
        },
    },
}

# Country names without an article and without a quarrel about borders or names.
COUNTRIES = (
    "Albania, Algeria, Angola, Argentina, Australia, Austria, Bangladesh, Belarus, Belgium, Bhutan, Botswana, Brazil, "
    "Bulgaria, Burkina Faso, Cambodia, Cameroon, Canada, Chad, Chile, China, Colombia, Costa Rica, Croatia, Cuba, "
    "Denmark, Ecuador, Egypt, El Salvador, Estonia, Ethiopia, Fiji, Finland, France, Gabon, Germany, Ghana, Greece, "
    "Guatemala, Guinea, Guyana, Haiti, Honduras, Hungary, Iceland, India, Indonesia, Iran, Iraq, Ireland, Italy, Jamaica, "
    "Japan, Jordan, Kazakhstan, Kenya, Kuwait, Kyrgyzstan, Laos, Latvia, Lebanon, Lesotho, Liberia, Libya, Lithuania, "
    "Luxembourg, Madagascar, Malawi, Mali, Malta, Mauritania, Mexico, Moldova, Mongolia, Mozambique, Namibia, Nepal, "
    "New Zealand, Nicaragua, Niger, Nigeria, North Korea, Norway, Oman, Pakistan, Panama, Papua New Guinea, Paraguay, Peru, "
    "Poland, Portugal, Qatar, Romania, Russia, Rwanda, Saudi Arabia, Senegal, Serbia, Sierra Leone, Slovakia, Slovenia, "
    "South Korea, Spain, Suriname, Sweden, Switzerland, Syria, Tajikistan, Thailand, Togo, Tunisia, Turkey, Turkmenistan, "
    "Uganda, Uruguay, Uzbekistan, Venezuela, Vietnam, Zambia, Zimbabwe"
).split(", ")

NO_CAPITAL = {"Indonesia", "Bhutan", "Switzerland"}  # in the middle of a move, or without a capital in law
# Parts of more than one continent, or of one whose name is a matter of taste.
NO_CONTINENT = {"Egypt", "Indonesia", "Kazakhstan", "Russia", "Turkey", "France", "Denmark", "Spain", "Portugal", "Panama",
                "Australia", "New Zealand", "Papua New Guinea", "Fiji", "Chile", "Greece", "Yemen", "Guatemala",
                "Honduras", "El Salvador", "Nicaragua", "Costa Rica"}
NO_PLACE = set("Crimea, Sevastopol, Jammu and Kashmir, Arunachal Pradesh, Sikkim, Ladakh, Azad Kashmir, Gilgit-Baltistan, "
               "Northern Areas, Xinjiang, Tibet, Xizang, Taiwan, Hong Kong, Macau, Kosovo, Golan, Abyei, Guayana, Kuril, Sakhalin, "
               "Punjab, Quneitra, Al Qunaytirah, Chechnya, Ingushetia, Limbourg, Luxembourg, Brabant, Sabah, Falkland, "
               "Federally Administered Tribal Areas, North-West Frontier Province, Bougainville, Al Quneitra, "
               "Orange, Ceuta, Melilla, Mayotte, Guadeloupe, Martinique, Reunion, French Guiana, Aksai Chin".split(", "))
# A region that neither package lists; it opens the book.
EXTRA_REGIONS = {"India": ["Lower Assam", "Upper Assam", "Bundelkhand", "Konkan", "Vidarbha", "Saurashtra", "Malwa"],
                 "France": ["Normandy", "Brittany", "Provence", "Burgundy", "Alsace", "Champagne", "Aquitaine", "Gascony"],
                 "Germany": ["Bavaria", "Saxony", "Thuringia", "Westphalia", "Franconia", "Swabia", "Brandenburg", "Hesse"],
                 "Italy": ["Tuscany", "Lombardy", "Sicily", "Sardinia", "Umbria", "Piedmont", "Calabria", "Liguria", "Veneto"],
                 "Spain": ["Andalusia", "Galicia", "Extremadura", "Asturias", "Aragon", "Castile", "Navarre", "Murcia"],
                 "Japan": ["Hokkaido", "Honshu", "Kyushu", "Shikoku", "Kansai", "Tohoku", "Okinawa", "Kanto"],
                 "Romania": ["Transylvania", "Wallachia", "Oltenia", "Muntenia"], "Poland": ["Mazovia", "Greater Poland"],
                 "Sweden": ["Scania", "Småland", "Dalarna", "Norrland"], "Greece": ["Crete", "Thessaly", "Epirus", "Attica"],
                 "Canada": ["Ontario", "Quebec", "Alberta", "Manitoba", "Saskatchewan", "Nova Scotia", "Yukon", "Nunavut"],
                 "Australia": ["Queensland", "Tasmania", "New South Wales", "Western Australia"],
                 "Indonesia": ["Bali", "Java", "Sumatra", "Sulawesi", "Lombok", "Flores"], "Croatia": ["Dalmatia", "Slavonia", "Istria"],
                 "Portugal": ["Alentejo", "Algarve", "Madeira"], "Austria": ["Tyrol", "Carinthia", "Styria"],
                 "Turkey": ["Cappadocia", "Anatolia"], "Finland": ["Ostrobothnia", "Uusimaa"]}
