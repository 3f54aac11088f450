"""Words of radiology that mean the same, in the languages and short forms that devices and people write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

PHRASES = (
    (re.compile(r"\bw\s*(/|&|\+|and)\s*w\s*/?\s*o\b|\bpre\s*(/|&|\+|and)\s*post\b"), " with without "),
    (re.compile(r"\bw\s*/\s*o\b|\bwo\b|\bnon\s*-?\s*(contrast|con|enhanced)\b|\bno\s+contrast\b"), " without "),
    (re.compile(r"\bc\s*-(?!\w)|\bnativ\b|\bohne\b|\bsin\b|\bunenhanced\b|\bplain\b|\bnoncon\b"), " without "),
    (re.compile(r"\bc\s*\+|\bw\s*/|\bw\b|\bmit\b|\bcon\b|\bpost\b|\benhanced\b|\bce(?=ct\b|\s)"), " with "),
    (re.compile(r"\bc[\s-]*spine\b|\bhws\b|\bcsp\b"), " cervical spine "),
    (re.compile(r"\bt[\s-]*spine\b|\bbws\b|\btsp\b"), " thoracic spine "),
    (re.compile(r"\bl[\s-]*spine\b|\blws\b|\blsp\b|\bls[\s-]*spine\b"), " lumbar spine "),
    (
        re.compile(r"\bctpa\b|\bpulm(onary)?\s+(angio\w*|embol\w*)\b|\bpe\s+(study|protocol|ct)\b"),
        " pulmonary angiography ",
    ),
    (re.compile(r"\bcap\b|\btap\b|\bchabpel\b"), " chest abdomen pelvis "),
    (re.compile(r"\bap\s*/\s*pelvis\b|\babd\s*/?\s*pel\w*\b|\ba\s*/\s*p\b"), " abdomen pelvis "),
    (re.compile(r"\bkub\b"), " kidney ureter bladder "),
    (re.compile(r"\bhrct\b"), " chest high resolution "),
    (re.compile(r"\bwhole\s+body\b|\bganzk(oe|o)rper\b|\bcuerpo\s+entero\b|\bwb\b"), " wholebody "),
)  # fmt: skip
"""What is read before words are parted, in this order."""

_SAME = {
    "abdomen": "abd abdo abdom abdominal oberbauch bauch",
    "chest": "thx thorax thoracic torax lung lungs lunge ches cxr",
    "head": "hd brain cranial cranium cct schadel schaedel kopf craneo cabeza cerebral neuro skull",
    "neck": "hals cuello cervix",
    "pelvis": "pel pelv pelvic becken",
    "spine": "wirbelsaule wirbelsaeule columna spinal vertebral",
    "cervical": "cerv", "lumbar": "lumb lumbal", "angiography": "angio angiogram cta angiografia angiographie ang",
    "pulmonary": "pulm pulmonar", "coronary": "coron coronaries cor koronar ccta", "cardiac": "heart herz corazon card",
    "kidney": "renal kid niere nieren rinon kidneys", "liver": "hepatic leber higado hep", "sinus": "sinuses nnh pns",
    "shoulder": "shldr schulter hombro", "knee": "knie rodilla", "hip": "hufte huefte cadera hips",
    "hand": "mano", "wrist": "handgelenk muneca", "ankle": "sprunggelenk osg tobillo", "foot": "fuss pie feet",
    "elbow": "ellenbogen codo", "extremity": "extremities ext limb",
    "aorta": "aortic aorten ao", "carotid": "carotids karotis", "mammogram": "mammo mammography mammographie mg",
    "screening": "screen scr", "biopsy": "bx biopsie",
    "localiser": "scout topo topogram localizer surview scano scoutview",
    "child": "paed ped paeds peds pediatric paediatric pediatrico kind kinder infant baby neonate",
    "lateral": "lat seitlich", "posteroanterior": "pa", "anteroposterior": "ap",
    "craniocaudal": "cc", "oblique": "obl mlo mediolateral", "trauma": "polytrauma", "bladder": "blase vejiga",
    "interventional": "intervention interv ir", "low": "lowdose ld lungscreen", "spiral": "helical helix",
    "axial": "sequence seq sequential", "portal": "portalvenous pv venous", "arterial": "art",
}  # fmt: skip
SAME: Mapping[str, str] = MappingProxyType(
    {word: meant for meant, words in _SAME.items() for word in words.split()}
)
"""The word that a word stands for."""

CONTRAST = frozenset({"contrast", "contrasts", "iv", "km", "kontrast", "kontrastmittel", "contraste", "cm"})
SIDES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("left", "lt", "l", "li", "links", "linke", "linker", "izq", "izquierda"), "left"),
        **dict.fromkeys(("right", "rt", "r", "re", "rechts", "rechte", "der", "derecha"), "right"),
        **dict.fromkeys(("both", "bilateral", "bilat", "bil", "bds", "beidseits", "ambos"), "both"),
    }
)
_IDLE = (
    "ct mr rf dx cr xa us the of and for und der y de a an study studies scan scans exam examination routine protocol"
    " standard adult x ray xray body view views series acq std default"
)
IDLE = frozenset(_IDLE.split()) - frozenset(SIDES)
"""Words that tell nothing about what was examined."""
_STRONG = (
    "abdomen chest head neck pelvis spine cervical lumbar coronary cardiac kidney liver sinus shoulder knee hip hand"
    " wrist ankle foot elbow extremity aorta carotid mammogram wholebody pulmonary bladder localiser"
)
STRONG = frozenset(_STRONG.split())
"""Words for a place of the body, which weigh more than others."""
