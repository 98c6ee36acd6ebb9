"""Names, addresses and numbers of invented people: common names drawn apart, never real records."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from django.utils.text import slugify


@dataclass(frozen=True, slots=True)
class Origin:
    """Names that go together, how often, and how often an interpreter is needed."""

    weight: int
    women: tuple[str, ...]
    men: tuple[str, ...]
    surnames: tuple[str, ...]
    interpreter: float = 0.0
    language: str = "fr"


def _origin(
    weight: int,
    women: str,
    men: str,
    surnames: str,
    *,
    interpreter: float = 0.0,
    language: str = "fr",
) -> Origin:
    return Origin(weight, _split(women), _split(men), _split(surnames), interpreter, language)


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(","))


LOCAL = _origin(
    68,
    "Anaïs, Aurélie, Camille, Cécile, Céline, Charlotte, Chloé, Clémence, Élise, Émilie, Emma, "
    "Fanny, Gaëlle, Gwenaëlle, Inès, Jeanne, Julie, Justine, Katell, Laura, Léa, Louise, Lucie, "
    "Maëlle, Manon, Marine, Marion, Mathilde, Mélanie, Morgane, Nolwenn, Océane, Pauline, Rozenn, "
    "Sarah, Solène, Sophie, Soizic, Tiphaine, Valentine",
    "Alan, Alexandre, Antoine, Arthur, Baptiste, Benoît, Brendan, Corentin, Damien, Dylan, Erwan, "
    "Étienne, Florian, Gabriel, Glenn, Goulven, Guillaume, Gwendal, Hugo, Jules, Julien, Kévin, "
    "Léo, Loïc, Louis, Lucas, Malo, Mathieu, Maxime, Nathan, Nicolas, Paul, Pierre, Quentin, "
    "Romain, Ronan, Samuel, Simon, Thomas, Yann",
    "André, Aubry, Barbier, Blanchard, Boulanger, Briand, Cadiou, Chevalier, Colin, Corre, David, "
    "Delalande, Denis, Derrien, Fontaine, Gallais, Gautier, Georgelin, Gérard, Gicquel, Guérin, "
    "Guillou, Guivarc’h, Hamon, Henry, Hervé, Jégou, Jouan, Kerboul, Kerdraon, Kermarrec, Lambert, "
    "Lebreton, Le Bihan, Le Corre, Le Floch, Le Gall, Le Goff, Le Guen, Le Roux, Lemoine, Leray, "
    "Louvel, Mahé, Marchand, Martin, Ménard, Morin, Morvan, Nicolas, Orain, Perrin, Petit, Picard, "
    "Prigent, Quéré, Rault, Renault, Richard, Riou, Robert, Rolland, Rousseau, Salaün, Simon, "
    "Tanguy, Texier, Thébault, Tréhin, Vaillant",
)
ORIGINS = (
    LOCAL,
    _origin(
        10,
        "Amel, Amina, Assia, Fatima, Hanane, Imane, Khadija, Leïla, Meryem, Nadia, Nawel, Rim, "
        "Salma, Samira, Sihem, Yasmine",
        "Adam, Amine, Ayoub, Bilal, Hakim, Ilyes, Karim, Mehdi, Mohamed, Nassim, Omar, Rachid, "
        "Sofiane, Walid, Yacine, Younes",
        "Alaoui, Amrani, Belkacem, Benali, Bennani, Bouzid, Chérif, Haddad, Hamidi, Idrissi, "
        "Khelifi, Mansouri, Meziane, Saïdi, Slimani, Tazi",
        interpreter=0.12,
    ),
    _origin(
        7,
        "Aïcha, Aïssatou, Awa, Bintou, Fanta, Fatoumata, Grâce, Kadiatou, Mariam, Merveille, "
        "Oumou, Salimata",
        "Abdoulaye, Amadou, Boubacar, Cheick, Ibrahima, Idrissa, Lamine, Mamadou, Moussa, Ousmane, "
        "Sékou, Souleymane",
        "Ba, Bah, Camara, Cissé, Coulibaly, Diallo, Diarra, Fofana, Keïta, Koné, Mbemba, Ndiaye, "
        "Sow, Sylla, Touré, Traoré",
        interpreter=0.15,
    ),
    _origin(
        4,
        "Ayşe, Elif, Emine, Esra, Fatma, Hatice, Meryem, Zeynep",
        "Ahmet, Ali, Emre, Hasan, Mehmet, Murat, Mustafa, Yusuf",
        "Arslan, Aydın, Çelik, Demir, Kaya, Öztürk, Şahin, Yıldız",
        interpreter=0.4,
    ),
    _origin(
        3,
        "Ana, Beatriz, Carla, Daniela, Inês, Mariana, Rita, Sofia",
        "André, Bruno, Diogo, Gonçalo, João, Nuno, Rui, Tiago",
        "Almeida, Carvalho, Costa, Ferreira, Fonseca, Gomes, Pereira, Rodrigues",
        interpreter=0.15,
    ),
    _origin(
        3,
        "Alice, Amy, Claire, Emily, Grace, Hannah, Lucy, Rachel",
        "Callum, Edward, George, Jack, James, Oliver, Ryan, Sam",
        "Baker, Clarke, Cooper, Davies, Harris, Hughes, Turner, Walker",
        interpreter=0.1,
        language="en",
    ),
    _origin(
        3,
        "Daryna, Elena, Iryna, Ketevan, Mariana, Nino, Oksana, Olena, Tamara, Yuliia",
        "Andriy, Bohdan, Davit, Giorgi, Ion, Levan, Mykola, Oleksandr, Taras, Vasyl",
        "Beridze, Bondarenko, Gelashvili, Kovalenko, Lomidze, Melnyk, Moldovan, Popescu, "
        "Shevchenko, Tkachenko",
        interpreter=0.6,
        language="en",
    ),
    _origin(
        2,
        "Farzana, Laila, Maryam, Nasrin, Parwana, Rahel, Rana, Selam, Shukria, Zahra",
        "Ahmad, Farid, Habib, Hamid, Jamal, Nasir, Omid, Rahim, Tesfay, Yonas",
        "Abdullahi, Ahmadi, Haidari, Hakimi, Hosseini, Karimi, Noori, Rahimi, Tekle, Warsame",
        interpreter=0.7,
        language="en",
    ),
)
WEIGHTS = tuple(origin.weight for origin in ORIGINS)


def draw_origin(rng: Random) -> Origin:
    return rng.choices(ORIGINS, WEIGHTS)[0]


def email_for(first: str, last: str, number: int) -> str:
    """An address at example.org, a domain nobody can own (RFC 2606)."""
    return f"{slugify(first).replace('-', '')}.{slugify(last).replace('-', '')}{number}@example.org"


def in_a_hurry(name: str) -> str:
    """As it is typed while the telephone rings: “Noemie Ndiaye”."""
    return slugify(name).replace("-", " ").title()


def phone_for(rng: Random) -> str:
    """A number of the blocks the regulator keeps for fiction: 06 39 98 and 02 61 91."""
    block = "63998" if rng.random() < 0.85 else "26191"
    return f"+33{block}{rng.randrange(10_000):04d}"


def of_town(name: str) -> str:
    """“de Pacé”, “d’Antrain”, “du Rheu”, “des Iffs”: French articles join their preposition."""
    if name.startswith("Le "):
        return f"du {name[3:]}"
    if name.startswith("Les "):
        return f"des {name[4:]}"
    return f"d’{name}" if slugify(name)[0] in "aeiou" else f"de {name}"
