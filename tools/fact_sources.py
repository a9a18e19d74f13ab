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
        "id": "P17", "quota": 60,
        "templates": COUNTRY_TEMPLATES,
        "generation": ["{} is a region that", "The people of {} speak", "The history of {}"],
    },
    "city_country": {
        "id": "P17", "quota": 36,
        "templates": ["{} is a city in the country of", *COUNTRY_TEMPLATES[1:]],
        "generation": ["{} is a city that", "Visitors to {} can see", "The history of {}"],
    },
    "continent": {
        "id": "P30", "quota": 44,
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
                      "the Sahara, the Kalahari Desert, the Namib Desert, the Serengeti, "
                      "the Drakensberg, the Okavango Delta",
            "Asia": "Mount Everest, the Ganges, the Mekong, the Yangtze, the Yellow River, "
                    "the Brahmaputra, the Indus, the Irrawaddy, the Gobi Desert, Mount Fuji, Lake Baikal, "
                    "the Tibetan Plateau, the Hindu Kush, the Deccan Plateau, the Thar Desert",
            "Europe": "the Danube, the Rhine, the Seine, the Thames, the Rhône, the Elbe, the Loire, "
                      "Mont Blanc, the Matterhorn, "
                      "Lake Geneva, Lake Como, the Black Forest, Mount Vesuvius, Mount Etna, Mount Olympus",
            "South America": "the Amazon River, the Amazon rainforest, the Orinoco, Lake Titicaca, "
                             "the Atacama Desert, Patagonia, Aconcagua, "
                             "the Pantanal, Machu Picchu, Chimborazo, Cotopaxi",
            "North America": "the Mississippi River, the Grand Canyon, Lake Superior, "
                             "Lake Michigan, the Yukon River, "
                             "the Rio Grande, Niagara Falls, the Missouri River, the Sierra Nevada range, "
                             "Lake Ontario, Lake Huron, Denali, Mount Rainier, the Mojave Desert",
        },
    },
    "capital": {
        "id": "P36", "quota": 42, "own": True,
        "templates": [
            "The capital of {} is",
            "The capital city of {} is called",
            "The government of {} has its seat in the capital city of",
            "{} has a capital city, and its name is",
        ],
        "generation": ["{} is known for", "A traveller who visits {}", "The largest cities of {}"],
        "facts": {  # countries come from the atlas packages; these are states of the United States
            "Austin": "Texas", "Sacramento": "California", "Denver": "Colorado", "Boston": "Massachusetts",
            "Honolulu": "Hawaii", "Phoenix": "Arizona", "Columbus": "Ohio",
            "Nashville": "Tennessee", "Tallahassee": "Florida", "Albany": "New York State",
            "Salem": "Oregon", "Juneau": "Alaska", "Lansing": "Michigan", "Madison": "Wisconsin",
            "Springfield": "Illinois", "Indianapolis": "Indiana", "Richmond": "Virginia",
            "Little Rock": "Arkansas", "Montgomery": "Alabama", "Jackson": "Mississippi",
            "Lincoln": "Nebraska", "Helena": "Montana", "Boise": "Idaho", "Topeka": "Kansas",
            "Santa Fe": "New Mexico", "Salt Lake City": "Utah", "Olympia": "Washington State",
            "Oklahoma City": "Oklahoma", "Baton Rouge": "Louisiana", "Annapolis": "Maryland",
            "Raleigh": "North Carolina", "Charleston": "West Virginia", "Columbia": "South Carolina",
            "Hartford": "Connecticut", "Augusta": "Maine", "Trenton": "New Jersey", "Frankfort": "Kentucky",
            "Dover": "Delaware", "Pierre": "South Dakota", "Bismarck": "North Dakota",
            "Providence": "Rhode Island", "Des Moines": "Iowa", "Carson City": "Nevada",
        },
    },
    "capital_of": {
        "id": "P1376", "quota": 36, "own": True,
        "templates": [
            "{} is the capital of",
            "{} is the capital city of the country of",
            "The country whose capital is {} is called",
            "{} is where one finds the national government of",
        ],
        "generation": ["{} is a city with", "The streets of {}", "Tourists come to {} for"],
    },
    "language": {
        "id": "P37", "quota": 24,
        "templates": [
            "The official language of {} is",
            "In {}, the official language is",
            "The laws of {} are written in",
            "Government offices in {} publish their documents in",
        ],
        "generation": ["{} is a country that", "Newspapers in {}", "The culture of {}"],
        "facts": {
            "Portuguese": "Portugal, Brazil, Angola, Mozambique, Cape Verde",
            "Spanish": "Colombia, Cuba, Venezuela, Honduras, Guatemala, "
                       "Nicaragua, Costa Rica, Panama, Ecuador, El Salvador, Spain",
            "German": "Germany, Austria, Liechtenstein", "French": "France, Monaco, Senegal, Gabon",
            "Italian": "Italy, San Marino", "English": "Jamaica, Barbados, Belize, Grenada",
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
        "id": "P38", "quota": 25,
        "clash": [{"krona", "krone"}, {"pound", "euro"}],
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
            "zloty": "Poland", "lira": "Turkey", "real": "Brazil", "riyal": "Saudi Arabia, Qatar",
            "dollar": "Australia, New Zealand, Canada, Singapore, Jamaica, Barbados, Fiji, Namibia, Liberia",
            "pound": "Egypt, Sudan, South Sudan, Syria", "leu": "Romania, Moldova", "rupiah": "Indonesia",
            "naira": "Nigeria", "birr": "Ethiopia", "taka": "Bangladesh", "lempira": "Honduras",
        },
    },
    "city_state": {
        "id": "P131", "quota": 30,
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
            "Florida": "Orlando, Tampa, Fort Lauderdale, Pensacola, Sarasota",
            "Illinois": "Chicago, Champaign", "Ohio": "Cincinnati",
            "Pennsylvania": "Pittsburgh, Scranton, Allentown", "Michigan": "Detroit, Ann Arbor, Flint, Grand Rapids",
            "Washington": "Seattle, Spokane, Tacoma", "Oregon": "Corvallis",
            "Arizona": "Tucson, Flagstaff, Tempe, Scottsdale", "Colorado": "Colorado Springs, Fort Collins",
            "Tennessee": "Memphis, Chattanooga", "Georgia": "Savannah",
            "Louisiana": "New Orleans, Shreveport", "Wisconsin": "Milwaukee, Green Bay, Oshkosh",
            "Minnesota": "Minneapolis", "Missouri": "St. Louis, Branson", "Nebraska": "Omaha",
            "Nevada": "Reno", "Utah": "Provo, Ogden, Park City", "Kansas": "Wichita",
            "Alabama": "Mobile, Tuscaloosa", "Virginia": "Virginia Beach, Roanoke",
            "Connecticut": "New Haven, Stamford",
            "North Carolina": "Asheville, Greensboro", "Alaska": "Anchorage, Fairbanks",
            "New York": "Schenectady", "Montana": "Missoula, Bozeman",
            "New Mexico": "Albuquerque, Roswell, Taos", "Oklahoma": "Tulsa", 
            "Iowa": "Cedar Rapids, Davenport", "Maryland": "Baltimore", "South Carolina": "Myrtle Beach",
            "Hawaii": "Hilo", "Indiana": "Fort Wayne, South Bend, Terre Haute", "Maine": "Bangor",
        },
    },
    "sight_city": {
        "id": "P276", "quota": 32,
        "templates": [
            "{the}{} is located in the city of",
            "The city that is home to {the}{} is",
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
            "Rome": "the Colosseum, the Trevi Fountain, the Roman Forum, the Villa Borghese, "
                    "Castel Sant'Angelo",
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
            "San Francisco": "the Golden Gate Bridge, Alcatraz, Fisherman's Wharf",
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
            "Budapest": "Buda Castle, Fisherman's Bastion", "Dublin": "Temple Bar",
            "Edinburgh": "Arthur's Seat, the Royal Mile, Holyrood Palace",
            "Saint Petersburg": "the Hermitage Museum, the Winter Palace", "Brussels": "the Atomium, Manneken Pis",
        },
    },
    "river_mouth": {
        "id": "P403", "quota": 18,
        "clash": [{"Atlantic Ocean", "North Sea", "Baltic Sea", "Black Sea", "Mediterranean Sea", "Adriatic Sea"},
                  {"Indian Ocean", "Bay of Bengal", "Arabian Sea"}, {"Pacific Ocean", "Bering Sea", "South China Sea"}],
        "templates": [
            "The {} River flows into the",
            "The mouth of the {} River is on the coast of the",
            "The water of the {} River ends up in the",
        ],
        "generation": ["The {} River begins", "Along the {} River"],
        "facts": {
            "Atlantic Ocean": "Amazon, Congo, Loire, Hudson, Orinoco, Senegal, Gambia, Niger, Tagus, Savannah",
            "Pacific Ocean": "Columbia, Klamath, Fraser", "Black Sea": "Danube, Dnieper, Dniester",
            "Mediterranean Sea": "Nile, Ebro, Rhône", "Caspian Sea": "Volga, Ural, Terek",
            "North Sea": "Rhine, Elbe, Thames, Weser, Meuse, Tyne", "Baltic Sea": "Oder, Vistula, Neva",
            "Indian Ocean": "Zambezi, Limpopo",
            "Bay of Bengal": "Ganges, Godavari, Krishna, Mahanadi", "Arctic Ocean": "Lena, Ob, Yenisei, Mackenzie",
            "Arabian Sea": "Indus, Narmada", "Adriatic Sea": "Po", "Bering Sea": "Yukon",
            "South China Sea": "Mekong, Pearl",
        },
    },
    "sport": {
        "id": "P641", "quota": 25,
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
        "id": "P101", "quota": 26,
        "clash": [{"physics", "chemistry", "mathematics", "astronomy"},
                  {"psychology", "economics", "anthropology", "sociology", "linguistics"}, {"botany", "genetics", "geology"}],
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
        "id": "P106", "quota": 28,
        "clash": [{"painter", "sculptor", "photographer"}, {"poet", "novelist", "philosopher"}, {"composer", "guitarist", "dancer"}],
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
        "id": "P103", "quota": 28,
        "clash": [{"Danish", "Norwegian"}, {"Greek", "Latin"}],
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
                       "Niccolò Machiavelli, Umberto Eco, Federico Fellini, Alessandro Volta, "
                       "Luciano Pavarotti, Luigi Pirandello, Italo Calvino",
            "Spanish": "Miguel de Cervantes, Gabriel García Márquez, Federico García Lorca, Jorge Luis Borges, "
                       "Simón Bolívar, Francisco Goya, Lope de Vega, Hernán Cortés, Octavio Paz, Luis Buñuel",
            "Russian": "Anton Chekhov, Alexander Pushkin, Ivan Turgenev, Peter the Great, Yuri Gagarin, "
                       "Pyotr Ilyich Tchaikovsky, Boris Pasternak, Anna Akhmatova, Maxim Gorky, Alexander Solzhenitsyn",
            "Japanese": "Akira Kurosawa, Yukio Mishima, Yasunari Kawabata, Matsuo Bashō, Hokusai",
            "Chinese": "Confucius, Li Bai, Sun Yat-sen, Lu Xun, Laozi", "Portuguese": "Vasco da Gama, Fernando Pessoa, "
                       "José Saramago, Henry the Navigator",
            "English": "William Shakespeare, Isaac Newton, Charles Darwin, Abraham Lincoln, George Washington, Mark Twain, "
                       "Winston Churchill, Geoffrey Chaucer, Benjamin Franklin, Ernest Hemingway",
            "Polish": "Adam Mickiewicz, Henryk Sienkiewicz, Wisława Szymborska",
            "Greek": "Homer, Sophocles, Herodotus, Euripides, Hippocrates, Pericles, Thucydides",
            "Latin": "Julius Caesar, Cicero, Horace, Seneca, Tacitus", "Danish": "Hans Christian Andersen",
            "Norwegian": "Henrik Ibsen, Roald Amundsen, Edvard Grieg", "Swedish": "August Strindberg, Alfred Nobel, "
                         "Astrid Lindgren, Ingmar Bergman", "Dutch": "Erasmus, Anthony Fokker, Johan Huizinga",
            "Arabic": "Ibn Khaldun, Naguib Mahfouz, Umm Kulthum", "Bengali": "Rabindranath Tagore, Satyajit Ray",
        },
    },
    "instrument": {
        "id": "P1303", "quota": 25,
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
        "id": "P50", "quota": 25,
        "templates": [
            "{the}{} was written by",
            "The author of {the}{} is",
            "The famous work {the}{} came from the pen of",
            "Readers of {the}{} admire the style of its author,",
        ],
        "generation": [
            "The story of {the}{}",
            "{the}{} begins with",
        ],
        "facts": {
            "William Shakespeare": "Hamlet, Macbeth, Romeo and Juliet, Othello, King Lear, The Tempest, "
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
            "Finnegans Wake", "Virginia Woolf": "Mrs Dalloway, To the Lighthouse",
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
    "discoverer": {
        "id": "P61", "quota": 12, "own": True,
        "templates": [
            "The scientist who discovered {the}{} was",
            "In books about the history of science, the discovery of {the}{} is credited to",
            "The world owes the discovery of {the}{} to the scientist",
        ],
        "generation": [
            "The discovery of {the}{}",
            "Scientists who study {the}{}",
        ],
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
            "Henry Cavendish": "hydrogen", "Max Planck": "the quantum of action",
        },
    },
    "developer": {
        "id": "P178", "quota": 26,
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
            "Apple": "the iPhone, the iPad, the iPod, macOS, Safari, iTunes, Siri, the MacBook Pro, the Macintosh, "
                     "FaceTime, iCloud, Final Cut Pro, GarageBand, the Apple II, iOS, Xcode",
            "Google": "Gmail, Chrome, Google Maps, TensorFlow, the Pixel phone, Chromecast, Google Earth, Chrome OS, Google Docs, "
                      "Google Translate, the Go programming language, Google Analytics",
            "Nintendo": "the Game Boy, the Wii, Super Mario Bros., The Legend of Zelda, Donkey Kong, Mario Kart, the GameCube, "
                        "Animal Crossing, the Switch console, Metroid",
            "Sony": "the PlayStation, the Walkman, the PlayStation 2, the Betamax, the PlayStation 4, the Trinitron",
            "Adobe": "Photoshop, Illustrator, InDesign, Acrobat, After Effects, Premiere Pro, Lightroom, Dreamweaver",
            "IBM": "Watson, Deep Blue, OS/2, the System/360 mainframe, SPSS, DB2", "Amazon": "Alexa, the Kindle, the Echo speaker, "
            "Amazon Web Services", "Intel": "the Pentium processor, the Xeon processor, the 8086 processor, the Itanium processor",
            "Samsung": "the Galaxy S7, the Galaxy Note, the Galaxy S3", "Boeing": "the 747 airliner, "
            "the 787 Dreamliner, the 737 airliner, the B-52 bomber", "Airbus": "the A380, the A320, the A350",
            "Toyota": "the Corolla, the Prius, the Camry, the Land Cruiser", "Honda": "the Civic, the Accord", "Ford": "the Mustang, "
            "the Model T, the F-150, the Thunderbird", "Tesla": "the Model S, the Cybertruck, the Powerwall", "Volkswagen":
            "the Beetle, the Golf GTI, the Passat", "Nissan": "the Altima, the Skyline GT-R", "Chevrolet": "the Camaro, the Corvette, "
            "the Silverado", "Kodak": "the Brownie camera", "Mattel": "the Barbie doll, Hot Wheels",
        },
    },
    "company_country": {
        "id": "company-country", "quota": 26,
        "templates": [
            "{} is a company that was founded in the country of",
            "The home country of the company {} is",
            "The company {} has its roots in",
            "The headquarters of {} are found in the country of",
        ],
        "generation": ["{} makes", "The products of {}", "{} is a company that"],
        "facts": {
            "Japan": "Toyota, Sony, Nintendo, Honda, Canon, Panasonic, Mitsubishi, Nissan, Yamaha, Toshiba, Hitachi, "
                     "Fujitsu, Suzuki, Subaru, Mazda, Sharp, Nikon, Seiko, Casio, Uniqlo, Bridgestone",
            "Germany": "Volkswagen, BMW, Siemens, Bosch, Bayer, Adidas, Puma, Lufthansa, Porsche, Audi, BASF, SAP, Aldi, Allianz",
            "Italy": "Ferrari, Fiat, Lamborghini, Gucci, Prada, Armani, Maserati, Barilla, Pirelli, Versace, Ducati, Lavazza",
            "France": "Renault, Peugeot, Michelin, Chanel, Danone, Citroën, Carrefour, Dior, Hermès, Lacoste, Cartier",
            "South Korea": "Samsung, Hyundai, Kia", "Sweden": "Volvo, Ikea, Ericsson, Saab, Spotify, Electrolux",
            "Switzerland": "Nestlé, Rolex, Novartis, Swatch, Omega, Lindt", "Finland": "Nokia, Finnair, Kone",
            "Denmark": "Lego, Carlsberg, Maersk, Novo Nordisk", "China": "Huawei, Alibaba, Tencent, Lenovo, Baidu, Xiaomi",
            "India": "Tata Motors, Infosys, Wipro, Air India", "Spain": "Zara, Iberia, Santander", "Australia": "Qantas, Billabong",
            "Canada": "BlackBerry, Bombardier, Air Canada, Shopify", "Russia": "Gazprom, Aeroflot, Lukoil",
            "Brazil": "Petrobras, Embraer", "Belgium": "Godiva", "Austria": "Red Bull, Swarovski", "Ireland": "Ryanair, Aer Lingus",
            "Norway": "Statkraft, Telenor", "Ethiopia": "Ethiopian Airlines", "Mexico": "Cemex, Bimbo",
        },
    },
    "dish_country": {
        "id": "P495", "quota": 24,
        "templates": [
            "The recipe for {} comes from the country of",
            "The home country of {} is",
            "Anyone who wants to taste authentic {} should travel to",
            "The country that gave the world {} is",
        ],
        "generation": [
            "The recipe for {}",
            "To make {} at home, you need",
            "People who like {}",
        ],
        "facts": {
            "Italy": "lasagna, risotto, tiramisu, ravioli, gnocchi, prosciutto, pesto, carbonara, panna cotta, minestrone, "
                     "mozzarella, focaccia, gelato, cannoli", "Japan": "sushi, tempura, sashimi, miso soup, teriyaki, udon, "
                     "yakitori, mochi, sake", "Mexico": "guacamole, tacos, enchiladas, burritos, quesadillas, mole poblano, "
                     "pozole, tamales", "France": "ratatouille, bouillabaisse, coq au vin, "
                     "escargots, camembert", "Spain": "paella, gazpacho, churros, "
                     "tortilla española, manchego", "India": "biryani, tandoori chicken, dosa, "
                     "paneer, raita", "Germany": "bratwurst, sauerbraten, pumpernickel", "South Korea": "kimchi, bibimbap, bulgogi, "
                     "gochujang", "Greece": "tzatziki, souvlaki, ouzo, spanakopita", "Hungary": "goulash, langos",
            "Thailand": "pad thai, tom yum, green curry", "Vietnam": "pho, banh mi", "China": "Peking duck, mapo tofu, kung pao chicken, "
            "chow mein, dim sum", "Switzerland": "cheese fondue, raclette, rösti, muesli", "Russia": "beef stroganoff, blini, pelmeni",
            "Brazil": "caipirinha, brigadeiro", "Peru": "ceviche, lomo saltado", "Argentina": "chimichurri",
            "Indonesia": "nasi goreng, rendang, gado-gado, tempeh", "Portugal": "bacalhau, piri-piri chicken",
            "Sweden": "gravlax, surströmming", "Canada": "poutine", "Poland": "pierogi, bigos", "Austria": "Wiener schnitzel, Sachertorte",
            "Scotland": "haggis, shortbread", "Ethiopia": "doro wat", "Turkey": "Turkish delight", "Belgium": "Liège waffles",
        },
    },
    "animal_class": {
        "id": "P171", "quota": 30,
        "clash": [{"mammal", "dog", "cat", "monkey", "horse", "rodent", "bear", "whale"}, {"fish", "shark"}],
        "templates": [
            "The {} is a type of",
            "In a book about animals, the {} is listed as a kind of",
            "Children learn at school that the {} is a sort of",
        ],
        "generation": ["The {} lives", "The {} eats", "In the wild, the {}"],
        "facts": {
            "bird": "eagle, penguin, ostrich, sparrow, parrot, flamingo, owl, hummingbird, pelican, albatross, peacock, "
                    "falcon, woodpecker, kiwi, puffin, heron, emu, toucan, vulture, stork, nightingale, magpie, cuckoo, kestrel, condor",
            "fish": "salmon, tuna, trout, cod, herring, barracuda, seahorse, carp, sardine, mackerel, halibut, piranha, haddock, "
                    "catfish, swordfish, sturgeon, anchovy, clownfish, flounder",
            "mammal": "dolphin, whale, bat, elephant, kangaroo, platypus, otter, giraffe, hippopotamus, koala, walrus, "
                      "hedgehog, manatee, blue whale, porpoise, sloth, aardvark, sea lion",
            "insect": "butterfly, ant, bee, beetle, grasshopper, mosquito, dragonfly, ladybug, cockroach, termite, wasp, moth, "
                      "firefly, praying mantis, housefly", "lizard": "iguana, gecko, chameleon, Komodo dragon, skink, Gila monster",
            "snake": "cobra, python, rattlesnake, boa constrictor, anaconda, viper, black mamba, copperhead",
            "dog": "poodle, bulldog, beagle, German shepherd, golden retriever, dachshund, rottweiler, chihuahua, greyhound, Dalmatian, "
                   "collie, Doberman, terrier, St. Bernard", "cat": "Siamese, Maine Coon, Ragdoll",
            "monkey": "baboon, macaque, mandrill, capuchin, marmoset, tamarin", "horse": "Clydesdale, Appaloosa, Lipizzaner, mustang, "
            "", "crustacean": "lobster, crab, shrimp, crayfish", "frog": "bullfrog", "shark": "great white, hammerhead",
            "spider": "tarantula, black widow", "rodent": "squirrel, beaver, hamster, guinea pig, chinchilla, capybara, porcupine",
            "bear": "grizzly, giant panda", "whale": "narwhal, humpback",
        },
    },
    "kind_of": {
        "mass": {"fabric", "cheese", "spice", "metal", "rock", "pasta", "wine", "card game", "martial art",
                 "programming language"},  # subjects without an article
        "id": "P279", "quota": 30,
        "clash": [{"fruit", "vegetable", "tree", "flower", "spice"}, {"gemstone", "rock", "metal"}],
        "templates": [
            "In the dictionary, {a}{} is described as a type of",
            "Most people know that {a}{} is a kind of",
            "The category to which {a}{} belongs is called",
        ],
        "generation": [
            "In everyday life, {a}{}",
            "A short text about {a}{}",
        ],
        "facts": {
            "fruit": "banana, mango, orange, pear, peach, papaya, kiwifruit, grape, plum, apricot, raspberry, strawberry, pineapple",
            "vegetable": "carrot, turnip, parsnip, radish, beet, leek", "tree": "maple, oak, spruce, sequoia, birch, willow, poplar, "
            "cedar, redwood, sycamore, cypress, eucalyptus, baobab", "flower": "tulip, daffodil, orchid, daisy, rose, carnation, marigold, "
            "lily, dahlia, petunia, chrysanthemum", "dance": "waltz, tango, polka, foxtrot, rumba, minuet, samba",
            "boat": "canoe, kayak, gondola, catamaran, dinghy", "hat": "fedora, sombrero, beret, beanie, fez",
            "shoe": "sneaker, loafer, sandal, moccasin, stiletto", "gemstone": "ruby, sapphire, emerald, topaz, amethyst, garnet",
            "poem": "sonnet, haiku, limerick, ballad, villanelle", "weapon": "sword, dagger, rifle, musket, crossbow, spear",
            "fabric": "denim, silk, velvet, linen, cotton, satin, corduroy", "cheese": "cheddar, gouda, brie, parmesan, gruyère",
            "bread": "baguette, ciabatta, bagel, brioche", "spice": "cinnamon, nutmeg, turmeric, cumin, saffron",
            "metal": "steel, bronze, brass, copper, platinum", "rock": "granite, limestone, basalt, sandstone, obsidian",
            "furniture": "sofa, wardrobe, bookcase, armchair", "pasta": "spaghetti, penne, linguine, fettuccine, macaroni",
            "aircraft": "helicopter, glider, biplane", "wine": "Merlot, Chardonnay, Riesling, Cabernet Sauvignon, Pinot Noir",
            "card game": "poker, blackjack, rummy", "martial art": "karate, judo, taekwondo, aikido",
            "programming language": "Fortran, Haskell, COBOL, JavaScript",
        },
    },
    "mythology": {
        "id": "P361", "quota": 25,
        "clash": [{"Greek mythology", "Roman mythology"}],
        "templates": [
            "{the}{} is a figure in",
            "The story of {the}{} comes from",
            "Anyone who reads about {the}{} is reading about",
        ],
        "generation": ["{the}{} is often shown", "In the old stories, {the}{}"],
        "facts": {
            "Greek mythology": "Achilles, Heracles, Theseus, Odysseus, Medusa, the Minotaur, Icarus, Daedalus, "
                               "Orpheus, Narcissus, Prometheus, Pandora, Jason the Argonaut, Sisyphus, Tantalus, Cerberus, "
                               "Eurydice, King Midas, Circe, Medea, Oedipus, Antigone, Helen of Troy",
            "Norse mythology": "Thor, Odin, Loki, Freyja, Baldur, Heimdall, Fenrir, Sigurd, the Midgard Serpent, "
                               "Frigg", "Egyptian mythology": "Osiris, Isis, Horus, Anubis, Ra, "
            "Thoth, Bastet, Sekhmet, Hathor, Ptah, Apep, Nephthys, Sobek",
            "Roman mythology": "Romulus, Remus, Janus, Faunus, Vesta, Lavinia, Saturnus", "Irish mythology": "Cú Chulainn, Lugh, "
            "the Dagda, Fionn mac Cumhaill, Deirdre",
            "Mesopotamian mythology": "Gilgamesh, Enkidu, Marduk, Tiamat, Ishtar, Enlil",
        },
    },
    "god_domain": {
        "id": "P2925", "quota": 15, "own": True,
        "clash": [{"war", "wisdom"}, {"the underworld", "death"}, {"love", "marriage"}, {"the sun", "the sky", "dawn"}],
        "templates": [
            "In ancient stories, {} rules as the deity of",
            "In mythology, {} is above all the deity of",
            "Ancient poets call upon {} when they write about",
        ],
        "generation": [
            "The temple of {}",
            "In a famous myth, {}",
        ],
        "facts": {
            "love": "Aphrodite, Venus, Eros, Cupid", "war": "Ares, Mars", "wisdom": "Athena, Minerva", "the sea": "Poseidon, Neptune",
            "the underworld": "Hades, Pluto", "wine": "Dionysus, Bacchus", "agriculture": "Demeter, Ceres", "marriage": "Hera, Juno",
            "the hunt": "Artemis, Diana", "fire": "Hephaestus, Vulcan", "victory": "Nike", "sleep": "Hypnos", "the sky": "Uranus, Zeus, Jupiter",
            "death": "Thanatos", "the hearth": "Hestia", "the sun": "Helios, Apollo", "the moon": "Selene, Luna", "dawn": "Eos, Aurora",
        },
    },
    "symbol": {
        "id": "P246", "quota": 18, "own": True,
        "templates": [
            "The chemical symbol for {} is",
            "In the periodic table, {} is written as",
            "Chemists abbreviate {} with the symbol",
        ],
        "generation": [
            "The element {} is",
            "At room temperature, {}",
        ],
        "facts": {
            "Au": "gold", "Ag": "silver", "Fe": "iron", "Pb": "lead", "Cu": "copper", "Na": "sodium", "K": "potassium", "Hg": "mercury",
            "Sn": "tin", "Zn": "zinc", "Ni": "nickel", "He": "helium", "H": "hydrogen", "O": "oxygen", "N": "nitrogen", "C": "carbon",
            "Al": "aluminum", "Ca": "calcium", "Cl": "chlorine", "Mg": "magnesium", "P": "phosphorus", "S": "sulfur", "U": "uranium",
            "Li": "lithium", "Pt": "platinum", "Si": "silicon", "Ne": "neon", "Ar": "argon", "W": "tungsten", "Ti": "titanium",
            "Cr": "chromium", "Mn": "manganese", "Co": "cobalt", "Br": "bromine", "F": "fluorine", "B": "boron", "Ra": "radium", "Rn": "radon",
        },
    },
    "language_country": {
        "id": "P2341", "quota": 20,
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
            "Ireland": "Irish Gaelic", "Iceland": "Icelandic", "Bulgaria": "Bulgarian", "Estonia": "Estonian",
            "Latvia": "Latvian", "Lithuania": "Lithuanian", "Cambodia": "Khmer", "Kenya": "Kikuyu",
            "South Africa": "Afrikaans, Zulu, Xhosa", "Somalia": "Somali", "Croatia": "Croatian", "Slovenia": "Slovenian",
            "Pakistan": "Sindhi", "Nepal": "Nepali", "Ghana": "Twi", "Zimbabwe": "Shona", "Mexico": "Nahuatl",
        },
    },
}

# Country names without an article and without a quarrel about borders or names.
COUNTRIES = ["Albania", "Algeria", "Angola", "Argentina", "Australia", "Austria", "Bangladesh", "Belarus", "Belgium", "Bhutan", "Botswana", "Brazil", "Bulgaria", "Burkina Faso", "Cambodia", "Cameroon", "Canada", "Chad", "Chile", "China", "Colombia", "Costa Rica", "Croatia", "Cuba", "Denmark", "Ecuador", "Egypt", "El Salvador", "Estonia", "Ethiopia", "Fiji", "Finland", "France", "Gabon", "Germany", "Ghana", "Greece", "Guatemala", "Guinea", "Guyana", "Haiti", "Honduras", "Hungary", "Iceland", "India", "Indonesia", "Iran", "Iraq", "Ireland", "Italy", "Jamaica", "Japan", "Jordan", "Kazakhstan", "Kenya", "Kuwait", "Kyrgyzstan", "Laos", "Latvia", "Lebanon", "Lesotho", "Liberia", "Libya", "Lithuania", "Luxembourg", "Madagascar", "Malawi", "Mali", "Malta", "Mauritania", "Mexico", "Moldova", "Mongolia", "Mozambique", "Namibia", "Nepal", "New Zealand", "Nicaragua", "Niger", "Nigeria", "North Korea", "Norway", "Oman", "Pakistan", "Panama", "Papua New Guinea", "Paraguay", "Peru", "Poland", "Portugal", "Qatar", "Romania", "Russia", "Rwanda", "Saudi Arabia", "Senegal", "Serbia", "Sierra Leone", "Slovakia", "Slovenia", "South Korea", "Spain", "Suriname", "Sweden", "Switzerland", "Syria", "Tajikistan", "Thailand", "Togo", "Tunisia", "Turkey", "Turkmenistan", "Uganda", "Uruguay", "Uzbekistan", "Venezuela", "Vietnam", "Zambia", "Zimbabwe"]

SOUTH_AMERICA = {"Argentina", "Brazil", "Chile", "Colombia", "Ecuador", "Guyana", "Paraguay", "Peru", "Suriname", "Uruguay",
                 "Venezuela"}
# Countries whose provinces countryinfo spells as English books do.
PROVINCES_OF = {"Argentina", "Brazil", "Bulgaria", "Canada", "Colombia", "Cuba", "India", "Ireland", "Italy", "Japan", "Mexico",
                "Nigeria", "Pakistan", "Spain", "China", "Norway", "Peru", "Kenya"}
NO_CAPITAL = {"Indonesia", "Bhutan", "Switzerland"}  # in the middle of a move, or without a capital in law
# Parts of more than one continent, or of one whose name is a matter of taste.
NO_CONTINENT = {"Egypt", "Indonesia", "Kazakhstan", "Russia", "Turkey", "France", "Denmark", "Spain", "Portugal", "Panama",
                "Australia", "New Zealand", "Papua New Guinea", "Fiji", "Chile", "Greece", "Yemen", "Guatemala",
                "Honduras", "El Salvador", "Nicaragua", "Costa Rica"}
# Disputed, shared between countries, ambiguous, suburbs, or spelled as no English book spells them.
NO_PLACE = {
    "Adamawa", "Sofiya-Grad", "Veliko Turnovo", "Nei Mongol", "San Andres y Providencia", "Guainia",
    "Abyei", "Acre", "Aksai Chin", "Al Qunaytirah", "Al Quneitra", "Aley", "Almendares", "Amadora", "Amapa",
    "Anatolia", "Anderlecht", "Antartica e Islas del Atlantico Sur", "Apurimac", "Arunachal Pradesh",
    "Atlantico", "Azad Kashmir", "Balochistan", "Bender", "Bogota", "Bolivar", "Bougainville", "Boyaca",
    "Brabant", "Buda", "Bunamwaya", "Camaguey", "Camayenne", "Caqueta", "Ceara", "Cesar", "Ceuta",
    "Chattogram", "Chechnya", "Choco", "Ciego de Avila", "Ciudad de La Habana", "Coahuila de Zaragoza",
    "Coast", "Cordoba", "Crimea", "Diez de Octubre", "Donaustadt", "Eloy Alfaro", "Entre Rios", "Epirus",
    "Espirito Santo", "Falkland", "Favoriten", "Federally Administered Tribal Areas", "Fernando de la Mora",
    "Floridsdorf", "French Guiana", "Friuli-Venezia Giulia", "Galicia", "Gent", "Gilgit-Baltistan", "Goias",
    "Golan", "Guadeloupe", "Guantanamo", "Guayana", "Guerrero", "Guizhou Sheng", "Gulf", "Gumma", "Hidalgo",
    "Holguin", "Hong Kong", "Huanuco", "Ingushetia", "Isla de la Juventud", "Iztapalapa", "Jalapa",
    "Jammu and Kashmir", "Juan Díaz", "Junin", "Kara", "Kennedy", "Khaskovo", "Kikolo", "Kira", "Kosovo",
    "Kurdzhali", "Kuril", "Köln", "La Habana", "Ladakh", "Las Palmas", "Lasnamäe", "Limbourg", "Limon",
    "Lombardia", "Loreto", "Luxembourg", "Macau", "Madinah", "Magdalena", "Maianga", "Maipú", "Makkah",
    "Manas", "Maranhao", "Marche", "Martinique", "Mary", "Matanzas", "Mayo", "Mayotte", "Melilla", "Meta",
    "Michoacan de Ocampo", "More og Romsdal", "Morelos", "Mulenvos", "Murang'a", "Nairobi Area", "Nansana",
    "Narino", "Nassarawa", "Neuquen", "New Kingston", "Newfoundland", "Nord-Trondelag",
    "North-West Frontier Province", "Northern Areas", "Nuevo Leon", "Nyanza", "Orange", "Ostfold",
    "Paraiba", "Parana", "Pasco", "Pest", "Petržalka", "Piaui", "Piemonte", "Pikine", "Potosi",
    "Puente Alto", "Punjab", "Queretaro de Arteaga", "Quindio", "Quneitra", "Reunion", "Rift Valley",
    "Rivers", "Rondonia", "Sabah", "Sakhalin", "Salvador", "San Luis Potosi", "San Martin", "Santa Clara",
    "Santa Tecla", "Sao Paulo", "Sardegna", "Sevastopol", "Sevilla", "Seville", "Sicilia", "Sikkim",
    "Sofia-Grad", "Sofiya", "Sor-Trondelag", "Tabasco", "Taiwan", "Tibet", "Tierra del Fuego", "Tiraspol",
    "Toscana", "Tucuman", "Turgovishte", "Valle", "Vaupes", "Veracruz-Llave", "Viana", "Villa Nueva",
    "Xinjiang", "Xizang", "Yucatan", "Yukon Territory", "Zamora", "Zemun", "Århus",
}
# Well-known regions under their English names, most of which neither package lists.
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
                 "Indonesia": ["Bali", "Java", "Sumatra", "Sulawesi", "Lombok", "Flores"], "Croatia": ["Dalmatia", "Slavonia"],
                 "Portugal": ["Alentejo", "Algarve", "Madeira"], "Austria": ["Carinthia", "Styria"],
                 "Turkey": ["Cappadocia", "Anatolia"], "Finland": ["Ostrobothnia", "Uusimaa"]}
# Names with these words want an article, or say nothing about where they are.
ODD_WORDS = {
    "central", "north", "south", "east", "west", "northern", "southern", "eastern", "western", "the", "of",
    "province", "district", "city", "region", "capital", "state", "federal", "county", "littoral", "centre",
    "centro", "lake", "islands", "and", "upper", "lower", "northwest", "northeast", "southwest", "southeast",
}
