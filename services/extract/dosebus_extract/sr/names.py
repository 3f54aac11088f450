"""Concepts and values by their name in PS3.16, for devices that send the name without its code, or with a wrong one."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from dosebus.domain.base import Code

_NOISE: Final = re.compile(r"[^a-z0-9]")
# Names without blanks and signs, and the code under which the tables know the concept.
_CONCEPTS: Final = {
    "accumulatedaverageglandulardose": "111637", "accumulatedctdivolforwardestimate": "113906",
    "accumulateddlpforwardestimate": "113905", "accumulatedxraydosedata": "113702", "acquiredimage": "113795",
    "acquisitiondevicetype": "122142", "acquisitiondoseareaproducttotal": "113727",
    "acquisitiondoserptotal": "113729", "acquisitionplane": "113764", "acquisitionprotocol": "125203",
    "administeredactivity": "113507", "anatomicalstructure": "91723000", "anodetargetmaterial": "111632",
    "associatedprocedure": "363589002", "averageglandulardose": "111631", "averagexraytubecurrent": "113767",
    "billingcode": "121147", "bodymassindex": "60621009", "bottomzlocationofreconstructablevolume": "113896",
    "bottomzlocationofscanninglength": "113898", "brandname": "111529", "calibration": "122505",
    "calibrationdatetime": "113723", "calibrationfactor": "122322", "calibrationprotocol": "113720",
    "calibrationresponsibleparty": "113724", "calibrationuncertainty": "113763",
    "collimatedfieldarea": "113790", "collimatedfieldheight": "113788", "collimatedfieldwidth": "113789",
    "columnangulation": "113770", "comment": "121106", "compressioncontactarea": "111649",
    "compressionforce": "111647", "compressionpressure": "111648", "compressionthickness": "111633",
    "crdrmechanicalconfiguration": "113956", "ctaccumulateddosedata": "113811", "ctacquisition": "113819",
    "ctacquisitionparameters": "113822", "ctacquisitiontype": "113820",
    "ctdifreeaircalculationfactor": "113836", "ctdivol": "113830", "ctdivolalertvalue": "113904",
    "ctdivolalertvalueconfigured": "113902", "ctdivolforwardestimate": "113914",
    "ctdivolnotificationvalue": "113912", "ctdivolnotificationvalueconfigured": "113910",
    "ctdiwphantomtype": "113835", "ctdose": "113829", "ctdoselengthproducttotal": "113813",
    "cteffectivedosetotal": "113814", "ctxraysourceparameters": "113831",
    "datetimeofacquisitionstarted": "111526", "datetimestarted": "111526", "derivation": "121401",
    "derivedeffectivediameter": "113933", "deviationindex": "113847", "devicemanufacturer": "113878",
    "devicemodelname": "113879", "devicename": "113877", "deviceobservermanufacturer": "121014",
    "deviceobservermodelname": "121015", "deviceobservername": "121013",
    "deviceobserverphysicallocationduringobservation": "121017", "deviceobserverserialnumber": "121016",
    "deviceobserveruid": "121012", "deviceroleinprocedure": "113876", "deviceserialnumber": "113880",
    "distancesourcetodetector": "113750", "distancesourcetoisocenter": "113748",
    "distancesourcetoreferencepoint": "113737", "dlp": "113838", "dlpalertvalue": "113903",
    "dlpalertvalueconfigured": "113901", "dlpforwardestimate": "113913", "dlpnotificationvalue": "113911",
    "dlpnotificationvalueconfigured": "113909", "doseareaproduct": "122130", "doseareaproducttotal": "113722",
    "doseatreferencepoint": "113738", "dosecheckalertdetails": "113900",
    "dosechecknotificationdetails": "113908", "doselengthproduct": "113838", "doselengthproducttotal": "113813",
    "dosemeasurementdevice": "113794", "doserp": "113738", "doserptotal": "113725",
    "drugproductidentifier": "113510", "effectivedose": "113839", "effectivedoseconversionfactor": "113840",
    "effectivedosephantomtype": "113817", "endofxrayirradiation": "113810", "entranceexposureatrp": "111636",
    "equivalentmeaningofconceptname": "121050", "estimatedextravasationactivity": "113506",
    "exposedrange": "113899", "exposure": "113736", "exposureindex": "113845", "exposuretime": "113735",
    "exposuretimeperrotation": "113834", "fastingduration": "113550", "findingsite": "363698007",
    "fluorodoseareaproducttotal": "113726", "fluorodoserptotal": "113728", "fluoromode": "113732",
    "focalspotsize": "113766", "frameofreferenceuid": "112227", "glomerularfiltrationrate": "80274001",
    "halflifeofradiopharmaceutical": "304283002", "halfvaluelayer": "111634", "hasintent": "363703001",
    "hydrationvolume": "113551", "identificationnumberofthexraysource": "113832",
    "identificationofthexraysource": "113832", "identificationofthexraysources": "113832",
    "imageview": "111031", "imageviewmodifier": "111032", "intravenousextravasationsymptoms": "113505",
    "irradiationduration": "113742", "irradiationeventlabel": "113605", "irradiationeventtype": "113721",
    "irradiationeventuid": "113769", "irradiationeventxraydata": "113706", "isrejectedacquisition": "130503",
    "kvp": "113733", "labeltype": "113606", "languageofcontentitemanddescendants": "121049",
    "laterality": "272741003", "lengthofreconstructablevolume": "113893", "mass": "118538004",
    "maximumxraytubecurrent": "113833", "meanctdifreeair": "113837", "meanctdivol": "113830",
    "measuredapdimension": "113932", "measuredlateraldimension": "113931", "measurementmethod": "370129005",
    "nominalsinglecollimationwidth": "113826", "nominaltotalcollimationwidth": "113827",
    "numberofpulses": "113768", "numberofxraysources": "113823", "observertype": "121005",
    "organdose": "113518", "organdoseinformation": "113517", "organizationname": "113873",
    "patientcharacteristics": "121118", "patientorientation": "113743", "patientorientationmodifier": "113744",
    "patientstate": "109054", "patienttablerelationship": "113745", "percentfibroglandulartissue": "111046",
    "personid": "113871", "personidissuer": "113872", "personname": "113870", "personobservername": "121008",
    "personobserversorganizationname": "121009", "personobserversroleintheorganization": "121010",
    "personobserversroleinthisprocedure": "121011", "personroleinorganization": "113874",
    "personroleinprocedure": "113875", "pitchfactor": "113828", "positionerprimaryangle": "112011",
    "positionerprimaryendangle": "113739", "positionersecondaryangle": "112012",
    "positionersecondaryendangle": "113740", "postadministrationmeasuredactivity": "113509",
    "preadministrationmeasuredactivity": "113508", "prescriptionidentifier": "113516",
    "procedurecontext": "408730004", "procedureintent": "363703001", "procedurereported": "121058",
    "projectioneponymousname": "113946", "pulserate": "113791", "pulsewidth": "113793",
    "radioactiveisotope": "89457008", "radionuclide": "89457008", "radionuclidehalflife": "304283002",
    "radionuclidevialidentifier": "113514", "radiopharmaceuticaladministration": "113502",
    "radiopharmaceuticaladministrationeventuid": "113503", "radiopharmaceuticalagent": "349358000",
    "radiopharmaceuticaldispenseunitidentifier": "113511", "radiopharmaceuticallotidentifier": "113512",
    "radiopharmaceuticalradiationdosereport": "113500", "radiopharmaceuticals": "349358000",
    "radiopharmaceuticalspecificactivity": "123007", "radiopharmaceuticalstartdatetime": "123003",
    "radiopharmaceuticalstopdatetime": "123004", "radiopharmaceuticalvolume": "123005",
    "reagentvialidentifier": "113513", "reasonforproceeding": "113907",
    "reasonforrejectingacquisition": "130504", "recentphysicalactivity": "113552",
    "referenceauthority": "121406", "referencepointdefinition": "113780", "reportedvaluetype": "130510",
    "routeofadministration": "410675002", "scanlength": "113825", "scanninglength": "113825",
    "scanrange": "113899", "scopeofaccumulation": "113705", "siteof": "272737002",
    "siteofadministration": "272737002", "sizespecificdoseestimate": "113930",
    "sourceofdoseinformation": "113854", "ssdeconversionfactor": "128410", "startofxrayirradiation": "113809",
    "stationaetitle": "110119", "studyinstanceuid": "110180", "subjectage": "121033", "subjectsex": "121032",
    "tablecradletiltangle": "113756", "tableheadtiltangle": "113754", "tableheightendposition": "113761",
    "tableheightposition": "113753", "tablehorizontalrotationangle": "113755",
    "tablelateralendposition": "113760", "tablelateralposition": "113752",
    "tablelongitudinalendposition": "113759", "tablelongitudinalposition": "113751",
    "targetexposureindex": "113846", "targetregion": "123014", "topzlocationofreconstructablevolume": "113895",
    "topzlocationofscanninglength": "113897", "totalacquisitiontime": "113855", "totaldlp": "113813",
    "totalfluorotime": "113730", "totalnumberofirradiationevents": "113812",
    "totalnumberofradiographicframes": "113731", "valuetiming": "130518", "waterequivalentdiameter": "113980",
    "xraydetectordataavailable": "113945", "xrayfilteraluminumequivalent": "113821",
    "xrayfiltermaterial": "113757", "xrayfilters": "113771", "xrayfilterthickness": "130509",
    "xrayfilterthicknessmaximum": "113773", "xrayfilterthicknessminimum": "113758", "xrayfiltertype": "113772",
    "xraygrid": "111635", "xraymechanicaldataavailable": "113944", "xraymodulationtype": "113842",
    "xrayradiationdosereport": "113701", "xraysourcedataavailable": "113943", "xraytubecurrent": "113734",
}  # fmt: skip
_VALUES: Final = {
    "planea": "113620", "planeb": "113621", "singleplane": "113622", "allplanes": "113890",
    "fluoroscopy": "44491008",
    "spiralacquisition": "116152004", "spiral": "116152004", "helical": "116152004",
    "sequencedacquisition": "113804", "sequenced": "113804", "axial": "113804",
    "constantangleacquisition": "113805", "constantangle": "113805", "localizer": "113805", "scout": "113805",
    "stationaryacquisition": "113806", "stationary": "113806", "freeacquisition": "113807",
    "right": "24028007", "left": "7771000", "rightandleft": "51440002", "bilateral": "51440002",
    "rightbreast": "73056007", "leftbreast": "80248007", "bothbreasts": "63762007",
}  # fmt: skip


# A report repeats the names of a few concepts thousands of times.
@lru_cache(maxsize=2048)
def concept_named(name: str) -> str | None:
    """The code of the concept of this name, whatever its case, blanks and hyphens."""
    return _CONCEPTS.get(_NOISE.sub("", name.casefold()))


def value_of(code: Code | None) -> str:
    """What a coded entry says: its code value; where it has none, the code of its meaning; else nothing."""
    if code is None:
        return ""
    return code.code_value or _VALUES.get(_NOISE.sub("", (code.code_meaning or "").casefold()), "")
