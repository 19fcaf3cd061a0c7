/**
 * About the middle of each country, where most of its people can be thought of when nothing finer is known: degrees
 * north and east, rounded, by ISO 3166-1 code. For large countries the middle is that of its people, not of its land.
 */
import type { Coordinates } from './distance.ts';

/** Code, latitude, longitude. */
const rows = `
AD 42.5 1.5;AE 24.5 54.7;AF 34 67;AG 17.1 -61.8;AI 18.2 -63.1;AL 41.1 20;AM 40.2 44.6;AO -10 15;AQ -77.8 166.7;AR -34 -60.5
AS -14.3 -170.7;AT 47.8 15;AU -34.5 147;AW 12.5 -70;AX 60.2 20;AZ 40.4 48.5;BA 44 18;BB 13.2 -59.5;BD 23.8 90.3;BE 50.8 4.5
BF 12.3 -1.6;BG 42.6 24.8;BH 26.1 50.6;BI -3.4 29.9;BJ 7 2.4;BL 17.9 -62.8;BM 32.3 -64.8;BN 4.8 114.8;BO -17 -66;BQ 12.2 -68.3
BR -20 -47;BS 24.9 -77.5;BT 27.4 90;BW -24 26;BV -54.4 3.4;BY 53.6 27.8;BZ 17.3 -88.6;CA 46.5 -79;CC -12.2 96.8;CD -4 20;CF 5 18.5
CG -4 15;CH 47 8;CI 6.5 -5;CK -21.2 -159.8;CL -34 -71;CM 4.5 11.5;CN 32.5 114;CO 5 -74.5;CR 9.9 -84.1;CU 22.5 -81
CV 15.1 -23.6;CW 12.2 -69;CX -10.5 105.6;CY 35 33.2;CZ 49.8 15.3;DE 50.8 9.5;DJ 11.6 43;DK 55.8 10.8;DM 15.4 -61.4;DO 18.8 -70.2
DZ 36 3;EC -1.5 -79;EE 59 25.5;EG 30 31.2;EH 26 -13;ER 15.3 38.9;ES 40.2 -3.5;ET 9 39;FI 61.5 25;FJ -17.9 178.2
FK -51.7 -58;FM 6.9 158.2;FO 62 -6.9;FR 47 2.5;GA -0.5 10.5;GB 52.5 -1.5;GD 12.1 -61.7;GE 42 44;GF 4.7 -52.7;GG 49.5 -2.6
GH 6.5 -1;GI 36.1 -5.4;GL 64.2 -51.7;GM 13.4 -16;GN 10 -12;GP 16.2 -61.5;GQ 3 10;GR 38.3 23.5;GS -54.3 -36.5;GT 14.8 -90.7
GU 13.5 144.8;GW 12 -15;GY 6.6 -58.2;HK 22.3 114.2;HM -53.1 73.5;HN 14.8 -87.2;HR 45.5 16;HT 18.7 -72.4;HU 47.3 19.2;ID -6.8 109;IE 53.3 -7
IL 32 34.9;IM 54.2 -4.5;IN 21 78.5;IO -7.3 72.4;IQ 33.2 44.2;IR 34 51;IS 64.3 -20;IT 43 12;JE 49.2 -2.1;JM 18.1 -77.2
JO 31.8 35.9;JP 35.6 138;KE -0.8 36.8;KG 42 74.5;KH 12 105;KI 1.4 173;KM -11.9 43.5;KN 17.3 -62.7;KP 39.2 126;KR 36.8 127.5
KW 29.3 47.9;KY 19.3 -81.3;KZ 47 72;LA 18 103;LB 33.9 35.7;LC 13.9 -61;LI 47.2 9.5;LK 7 80.3;LR 6.4 -10;LS -29.5 27.8
LT 55.2 24.2;LU 49.7 6.1;LV 56.9 24.5;LY 32 14.5;MA 33.2 -7;MC 43.7 7.4;MD 47.2 28.5;ME 42.6 19.2;MF 18.1 -63.1;MG -19 47
MH 7.1 171.3;MK 41.7 21.5;ML 13 -7;MM 19 96.2;MN 47.5 106.5;MO 22.2 113.6;MP 15.2 145.7;MQ 14.6 -61;MR 18.1 -15.5;MS 16.7 -62.2
MT 35.9 14.4;MU -20.2 57.6;MV 4 73.4;MW -14.5 34.5;MX 20.5 -100;MY 3.5 102;MZ -19 34.5;NA -21 17;NC -22 166.3;NE 13.6 5
NF -29 168;NG 8 6;NI 12.3 -86.1;NL 52.2 5.1;NO 60.5 10;NP 27.6 85;NR -0.5 166.9;NU -19.1 -169.9;NZ -38.5 175.5;OM 23 58
PA 8.9 -79.7;PE -10.5 -76.5;PF -17.6 -149.5;PG -6.5 145.5;PH 14 121.5;PK 31 72.5;PL 52 19.2;PM 46.8 -56.2;PN -25.1 -130.1;PR 18.3 -66.3
PS 31.9 35.2;PT 39.7 -8.5;PW 7.4 134.5;PY -25.4 -57;QA 25.3 51.4;RE -21.1 55.5;RO 45.8 25;RS 44.3 20.7;RU 55.5 45;RW -2 30
SA 24 44;SB -9 160;SC -4.6 55.5;SD 15 32.5;SE 59 16;SG 1.3 103.8;SH -15.9 -5.7;SI 46.1 14.8;SJ 78.2 15.6;SK 48.7 19.2
SL 8.4 -12;SM 43.9 12.5;SN 14.6 -16.5;SO 4 45.5;SR 5.7 -55.2;SS 6 31;ST 0.3 6.7;SV 13.7 -89;SX 18 -63.1;SY 35 37.2
SZ -26.4 31.4;TC 21.8 -72.2;TD 12 16;TF -49.3 70.2;TG 7 1.1;TH 14.5 100.8;TJ 38.6 69.2;TK -9.2 -171.8;TL -8.7 125.8;TM 38.5 59
TN 36 10;TO -21.2 -175.2;TR 39.5 32.5;TT 10.5 -61.3;TV -8.5 179.2;TW 24.3 120.9;TZ -5.5 36;UA 49.2 31.5;UG 0.7 32.3;UM 19.3 166.6
US 38 -92;UY -34.5 -56;UZ 40.5 67.5;VA 41.9 12.5;VC 13.2 -61.2;VE 9.8 -67.5;VG 18.4 -64.6;VI 18.1 -64.8;VN 16 106.5;VU -16.5 167.8
WF -13.3 -176.2;WS -13.8 -172;XK 42.6 20.9;YE 14.5 45;YT -12.8 45.2;ZA -28 27.5;ZM -14 28.5;ZW -18.8 30.5`;

const centres: ReadonlyMap<string, Coordinates> = new Map(
  rows
    .trim()
    .split(/[;\n]/)
    .map((row) => {
      const [code, latitude, longitude] = row.split(' ') as [string, string, string];
      return [code, { latitude: Number(latitude), longitude: Number(longitude) }];
    }),
);

/** @param country two capital letters. */
export function countryCentre(country: string): Coordinates | undefined {
  return centres.get(country);
}

export const countryCodes: readonly string[] = [...centres.keys()];
