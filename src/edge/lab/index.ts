/** The door of the lab: the network in a box. */
export { LAB_HOST, LAB_ZONE } from './files.ts';
export { Lab, LabError, type LabProcess, type LabWorld } from './lab.ts';
export {
  type LabPlan,
  type LabPop,
  type LabUsers,
  type LabWanted,
  labDefaults,
  labPorts,
} from './plan.ts';
export { labText } from './steps.ts';
