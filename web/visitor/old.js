// SPDX-License-Identifier: Apache-2.0
// For browsers that know no modules: one plain sentence, in syntax they know.
document.getElementById("app").innerHTML =
  '<p class="splash">This browser is too old to listen along. Please update it, or ask for a device.</p>';
