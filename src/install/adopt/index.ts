export { type AdoptApplyOptions, type AdoptResult, adoptApply } from './apply.js';
export { type AdoptBackOptions, adoptBack } from './back.js';
export { type AdoptionProposal, type AdoptPlanOptions, adoptPlan } from './plan.js';
