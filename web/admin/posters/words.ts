// SPDX-License-Identifier: Apache-2.0
// What a poster says, in the languages that the visitor's page speaks.
export interface Words {
  lang: string;
  rtl?: boolean;
  title: string; // listen together
  wifi: string; // step 1
  page: string; // step 2
  code: string; // or type
  headphones: string;
}

export const WORDS: readonly Words[] = [
  { lang: "en", title: "Listen together", wifi: "Join the Wi-Fi", page: "Open the page", code: "or open the address and type the code", headphones: "Your own headphones, please" },
  { lang: "de", title: "Gemeinsam hören", wifi: "Mit dem WLAN verbinden", page: "Seite öffnen", code: "oder Adresse öffnen und Code eintippen", headphones: "Bitte mit eigenen Kopfhörern" },
  { lang: "fr", title: "Écoutons ensemble", wifi: "Rejoindre le Wi-Fi", page: "Ouvrir la page", code: "ou ouvrir l’adresse et taper le code", headphones: "Avec vos écouteurs, s’il vous plaît" },
  { lang: "es", title: "Escuchar juntos", wifi: "Conéctese al wifi", page: "Abra la página", code: "o abra la dirección y escriba el código", headphones: "Con sus auriculares, por favor" },
  { lang: "it", title: "Ascoltare insieme", wifi: "Collegarsi al Wi-Fi", page: "Aprire la pagina", code: "oppure aprire l’indirizzo e digitare il codice", headphones: "Con le proprie cuffie, per favore" },
  { lang: "ar", rtl: true, title: "نستمع معًا", wifi: "اتصل بشبكة الواي فاي", page: "افتح الصفحة", code: "أو افتح العنوان واكتب الرمز", headphones: "باستخدام سماعاتك من فضلك" },
  { lang: "ja", title: "いっしょに聴こう", wifi: "Wi-Fiに接続", page: "ページを開く", code: "またはアドレスを開いてコードを入力", headphones: "ご自身のイヤホンでお聴きください" },
];
