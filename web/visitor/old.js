// SPDX-License-Identifier: Apache-2.0
// For browsers that know no modules: one plain sentence, in syntax they know.
document.getElementById("app").innerHTML =
  '<div class="splash"><h1>Roomtone</h1><p>This browser is too old to listen along. Please update it, or ask for a device.</p></div>';
